/** A JSON Schema in a form that is easy to walk: no references, one type per node, alternatives only as `anyOf`. */
import { Predicate, Record } from "effect"

type Json = Readonly<Record<string, unknown>>

/** Keywords without a field of their own, such as `minimum`, are kept as they are. */
export interface SchemaNode {
  readonly type?: string
  readonly description?: string
  readonly enum?: ReadonlyArray<unknown>
  readonly anyOf?: ReadonlyArray<SchemaNode>
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: ReadonlyArray<string>
  /** Whether an object has only the named properties. */
  readonly closed?: boolean
  readonly items?: SchemaNode
  readonly limits?: Json
}

const strings = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value) ? value.filter(Predicate.isString) : []

const list = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

/** The properties of both, where a property of the second one adds to a property of the first one. */
const merged = (first: SchemaNode, second: SchemaNode): SchemaNode => ({
  ...first,
  ...second,
  ...(first.properties === undefined && second.properties === undefined
    ? {}
    : { properties: Record.union(first.properties ?? {}, second.properties ?? {}, merged) }),
  ...(first.required === undefined && second.required === undefined
    ? {}
    : { required: [...new Set([...(first.required ?? []), ...(second.required ?? [])])] }),
  ...(first.limits === undefined && second.limits === undefined
    ? {}
    : { limits: { ...first.limits, ...second.limits } }),
})

/** Without members, nothing is known. */
const alternatives = (members: ReadonlyArray<SchemaNode>): SchemaNode => {
  const [first = {}, ...others] = members
  return others.length === 0 ? first : { anyOf: members }
}

const typeOfAll = (values: ReadonlyArray<unknown>): string | undefined => {
  const types = new Set(values.map((value) => (value === null ? "null" : typeof value)))
  const [type] = types
  return types.size === 1 ? type : undefined
}

const itemsOf = ({ items, prefixItems }: Json, resolve: (json: unknown) => SchemaNode): SchemaNode => {
  const members = [...list(prefixItems), ...(items === undefined || items === false ? [] : [items])]
  return alternatives([...new Map(members.map((member) => [JSON.stringify(member), resolve(member)])).values()])
}

const keywords = new Set(["type", "description", "enum", "properties", "required", "items", "prefixItems"])

/** The constraints of a node. */
const limitsOf = (json: Json) =>
  Record.filter(json, (value, key) => !keywords.has(key) && !Predicate.isObject(value) && !Array.isArray(value))

/** A recursive reference accepts everything. */
export const schemaNode = (root: Json): SchemaNode => {
  const definition = (reference: string): unknown => {
    const name = decodeURIComponent(reference.slice(reference.lastIndexOf("/") + 1))
    const definitions = [root["$defs"], root["definitions"]].filter(Predicate.isObject)
    return definitions.find((candidates) => Object.hasOwn(candidates, name))?.[name]
  }

  const plain = (json: Json, type: string | undefined, resolve: (json: unknown) => SchemaNode): SchemaNode => {
    const limits = limitsOf(json)
    return {
      ...(type === undefined ? {} : { type }),
      ...(typeof json["description"] === "string" ? { description: json["description"] } : {}),
      ...(Array.isArray(json["enum"]) ? { enum: json["enum"] } : {}),
      ...(Predicate.isObject(json["properties"]) ? { properties: Record.map(json["properties"], resolve) } : {}),
      ...(Array.isArray(json["required"]) ? { required: strings(json["required"]) } : {}),
      ...(json["additionalProperties"] === false ? { closed: true } : {}),
      ...(type === "array" ? { items: itemsOf(json, resolve) } : {}),
      ...(Record.isEmptyRecord(limits) ? {} : { limits }),
    }
  }

  const node = (json: unknown, references: ReadonlyArray<string>): SchemaNode => {
    const resolve = (json: unknown) => node(json, references)
    if (!Predicate.isObject(json)) return {}
    const { $ref, allOf, anyOf, const: constant, oneOf, ...rest } = json
    if (typeof $ref === "string") {
      const own = resolve({ ...rest, allOf, anyOf, oneOf })
      return references.includes($ref) ? own : merged(node(definition($ref), [...references, $ref]), own)
    }
    if (allOf !== undefined) {
      return list(allOf)
        .map(resolve)
        .reduce(merged, resolve({ ...rest, anyOf, oneOf, const: constant }))
    }
    const members = anyOf ?? oneOf
    if (members !== undefined) return merged(resolve(rest), alternatives(list(members).map(resolve)))
    const { type = typeOfAll(list(rest["enum"])) } = rest
    if (constant !== undefined) return resolve({ ...rest, enum: [constant] })
    if (!Array.isArray(type)) return plain(rest, typeof type === "string" ? type : undefined, resolve)
    const { description, ...typed } = rest
    return merged(
      alternatives(strings(type).map((type) => plain({ ...typed, type }, type, resolve))),
      typeof description === "string" ? { description } : {},
    )
  }
  return node(root, [])
}
