/**
 * The input schema of a tool as it is advertised: only what the tool APIs of OpenAI, Anthropic, Google and Amazon all take,
 * because most of them refuse a whole list of tools for one unsupported keyword.
 *
 * - The root is an object with `properties`, without `anyOf`, `oneOf`, `allOf`, `not` or `enum` (OpenAI, Anthropic).
 * - No references (Anthropic, Google), no lists of types, `const`, `oneOf` or choices that are not texts (Google).
 * - Constraints such as `minimum`, `minLength`, `pattern` and `format` are part of the description: each is refused by some
 *   API or by its strict mode. The Toolkit checks them.
 * - Every list has `items` (OpenAI).
 */
import { Equivalence, Predicate, Record } from "effect"
import { limitsText } from "./limitsText.ts"
import type { SchemaNode } from "./SchemaNode.ts"

type Json = Readonly<Record<string, unknown>>

const descriptionOf = (...nodes: ReadonlyArray<SchemaNode>): Pick<SchemaNode, "description"> => {
  const description = nodes.map(({ description }) => description).find(Predicate.isNotUndefined)
  return description === undefined ? {} : { description }
}

const described = ({ description = "" }: SchemaNode, limits = ""): Json => {
  if (description === "" && limits === "") return {}
  if (description === "") return { description: limits }
  return { description: limits === "" ? description : `${description} (${limits})` }
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== ""

const choices = (members: ReadonlyArray<SchemaNode>): ReadonlyArray<string> | undefined => {
  const all = members.map((member) => member.enum)
  return all.every((values) => values?.every(isText))
    ? [...new Set(all.flatMap((values = []) => values.filter(isText)))]
    : undefined
}

const objectFields = ({ closed, properties = {}, required = [] }: SchemaNode): Json => {
  const names = required.filter((name) => Object.hasOwn(properties, name))
  return {
    properties: Record.map(properties, (property, name) => portable(property, names.includes(name))),
    ...(names.length === 0 ? {} : { required: names }),
    ...(closed === true ? { additionalProperties: false } : {}),
  }
}

const ofType = (node: SchemaNode): Json => {
  const { type } = node
  if (type === "object") return { type, ...objectFields(node) }
  if (type === "array") return { type, items: portable(node.items ?? {}, true) }
  return type === undefined ? {} : { type }
}

const withChoices = (node: SchemaNode): Json => {
  const values = node.enum
  if (values === undefined) return { ...ofType(node), ...described(node, limitsText(node)) }
  const texts = choices([node])
  return texts === undefined
    ? { ...ofType(node), ...described(node, `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`) }
    : { type: "string", enum: texts, ...described(node) }
}

const same = Equivalence.make((one: SchemaNode, other: SchemaNode) => JSON.stringify(one) === JSON.stringify(other))

/** Null counts as absent, and one value as a list of it, so neither is a choice that a model needs to know. */
const needed = (members: ReadonlyArray<SchemaNode>, required: boolean) =>
  members.filter(
    (member) =>
      (required || member.type !== "null") && !members.some(({ items }) => items !== undefined && same(items, member)),
  )

const portable = (node: SchemaNode, required: boolean): Json => {
  const members = needed(node.anyOf ?? [], required)
  const [first, second] = members
  if (first === undefined) return withChoices(node)
  if (second === undefined) return portable({ ...first, ...descriptionOf(node, first) }, required)
  const texts = choices(members)
  return texts === undefined
    ? { ...described(node), anyOf: members.map((member) => portable(member, true)) }
    : { type: "string", enum: texts, ...described(node) }
}

/** Of several objects: the properties of all, of which those are required that all require. */
const oneObject = ({ anyOf = [], ...own }: SchemaNode): SchemaNode => {
  if (anyOf.length === 0) return own
  const members = anyOf.map(oneObject)
  const names = [...new Set(members.flatMap(({ properties = {} }) => Object.keys(properties)))]
  const variants = (name: string) => [
    ...new Map(
      members
        .map(({ properties }) => properties?.[name])
        .filter(Predicate.isNotUndefined)
        .map((property) => [JSON.stringify(property), property]),
    ).values(),
  ]
  const shared = names.map((name): [string, SchemaNode] => {
    const [first = {}, ...others] = variants(name)
    return [name, others.length === 0 ? first : { anyOf: [first, ...others] }]
  })
  const [first, ...others] = members.map(({ required = [] }) => required)
  return {
    ...own,
    properties: { ...Object.fromEntries(shared), ...own.properties },
    required: [
      ...(own.required ?? []),
      ...(first ?? []).filter((name) => others.every((required) => required.includes(name))),
    ],
    ...(own.closed === true || members.every(({ closed }) => closed) ? { closed: true } : {}),
  }
}

export const inputSchema = (node: SchemaNode): Json => ({ type: "object", ...objectFields(oneObject(node)) })
