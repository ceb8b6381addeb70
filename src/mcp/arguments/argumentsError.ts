/** The error about arguments that a tool's schema rejects: for each of them, what came and what is allowed. */
import { Predicate, SchemaIssue } from "effect"
import { nearest } from "../../text/nearest.ts"
import { line, quote } from "../../text/plainText.ts"
import { plural } from "../../text/plural.ts"
import { limitsText } from "../schema/limitsText.ts"
import type { SchemaNode } from "../schema/SchemaNode.ts"
import { fits } from "./coerce.ts"

type Path = ReadonlyArray<PropertyKey>

const orList = (items: ReadonlyArray<string>): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} or ${items.at(-1)}`

const nouns: Readonly<Record<string, string>> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "an object",
  null: "null",
}

const typeText = ({ items = {}, type }: SchemaNode): string => {
  if (type !== "array") return nouns[type ?? ""] ?? "a value"
  const inner = items.type === "array" || items.type === "string" ? typeText(items) : ""
  return `a list${inner === "" ? "" : ` of ${inner.replace(/^a list/u, "lists")}`}`
}

/** What a parameter takes, such as `text (at most 500 characters)`. */
const takes = (node: SchemaNode): string => {
  if (node.anyOf !== undefined) return orList([...new Set(node.anyOf.map(takes))])
  if (node.enum !== undefined) return orList(node.enum.map((choice) => JSON.stringify(choice)))
  const limits = limitsText(node)
  return `${typeText(node)}${limits === "" ? "" : ` (${limits})`}`
}

const came = (value: unknown): string => {
  if (typeof value === "string") return value.trim() === "" ? "empty" : quote(value)
  if (Array.isArray(value)) return "a list"
  return Predicate.isObject(value) ? "an object" : String(value)
}

const nodeAt = (node: SchemaNode, [key, ...rest]: Path): SchemaNode => {
  if (key === undefined) return node
  const candidates = [node, ...(node.anyOf ?? [])]
  const next = candidates
    .map(({ items, properties }) => (typeof key === "number" ? items : properties?.[String(key)]))
    .find(Predicate.isNotUndefined)
  return nodeAt(next ?? {}, rest)
}

const valueAt = (value: unknown, [key, ...rest]: Path): unknown => {
  if (key === undefined) return value
  return valueAt(Predicate.hasProperty(value, key) ? value[key] : undefined, rest)
}

/** Such as `answers[0][1]`. */
const pathText = (path: Path): string =>
  path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${line(String(key), 100)}`))
    .join("")

/** The tags of missing and unknown names stand for their messages, which need the names beside them. */
const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === "MissingKey" || issue._tag === "UnexpectedKey" ? issue._tag : SchemaIssue.defaultLeafHook(issue),
})

const sentence = (text: string): string => (/[.!?]$/u.test(text) ? text : `${text}.`)

const maxProblems = 10

interface Rejected {
  readonly tool: string
  readonly parameters: SchemaNode
  readonly args: unknown
  readonly issue: SchemaIssue.Issue
}

const parametersText = (tool: string, { properties = {}, required = [] }: SchemaNode): string => {
  const names = Object.keys(properties).map((name) => (required.includes(name) ? `${name} (required)` : name))
  return names.length === 0 ? `${tool} takes no parameters.` : `The parameters of ${tool} are: ${names.join(", ")}.`
}

/** The description is a sentence of its own, because it rarely continues the one about the type. */
const expected = (node: SchemaNode): string =>
  `It takes ${takes(node)}.${node.description === undefined ? "" : ` Description: ${sentence(node.description)}`}`

const problem = ({ args, parameters }: Rejected, path: Path, message: string): string => {
  const name = path.length === 0 ? "The arguments" : pathText(path)
  const node = nodeAt(parameters, path)
  if (message === "UnexpectedKey") {
    const known = Object.keys(nodeAt(parameters, path.slice(0, -1)).properties ?? {})
    const near = nearest(String(path.at(-1)), known)
    return `${name} is not a parameter${near === undefined ? "." : `. Did you mean ${near}?`}`
  }
  if (message === "MissingKey") return `${name} is missing. ${expected(node)}`
  const value = valueAt(args, path)
  if (path.length === 0) return `${name} are ${came(value)}. They must be ${takes(node)}.`
  const reason = fits(node, value) ? ` (${message})` : ""
  return `${name} is ${came(value)}${reason}. ${expected(node)}`
}

/** Nothing of what the model sent is repeated at length: an argument can be a whole prompt. */
export const argumentsErrorText = (rejected: Rejected): string => {
  const { issue, parameters, tool } = rejected
  const problems = [
    ...new Set(
      format(issue).issues.map(({ message, path = [] }) =>
        problem(
          rejected,
          path
            .map((segment) => (Predicate.isObject(segment) ? segment["key"] : segment))
            .filter(Predicate.isPropertyKey),
          message,
        ),
      ),
    ),
  ]
  const more = problems.length - maxProblems
  return [
    `${tool} did nothing, because its arguments cannot be used.`,
    ...problems.slice(0, maxProblems),
    ...(more > 0 ? [`and ${plural(more, "more problem")}.`] : []),
    parametersText(tool, parameters),
  ].join("\n")
}
