/** What a JSON Schema contains that the tool API of a big model provider refuses, as paths with the reason. */
import { Predicate } from "effect"

/** Keywords that OpenAI, Anthropic, Google and Amazon all take, outside their strict modes and within. */
const keywords = new Set([
  "type",
  "description",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "enum",
  "anyOf",
])

const types = new Set(["object", "array", "string", "integer", "number", "boolean", "null"])

const propertyName = /^[a-zA-Z_][a-zA-Z0-9_.-]{0,63}$/u

const problems = (schema: unknown, path: string): ReadonlyArray<string> => {
  if (!Predicate.isObject(schema)) return [`${path}: no object`]
  const { additionalProperties, anyOf, enum: choices, items, properties, required, type } = schema
  const at = (condition: boolean, reason: string) => (condition ? [`${path}: ${reason}`] : [])
  const names = Predicate.isObject(properties) ? Object.keys(properties) : []
  return [
    ...Object.keys(schema).flatMap((keyword) => at(!keywords.has(keyword), keyword)),
    ...at(type !== undefined && (typeof type !== "string" || !types.has(type)), "type"),
    ...at(type === "object" && !Predicate.isObject(properties), "object without properties"),
    ...at(type === "array" && !Predicate.isObject(items), "list without items"),
    ...at(additionalProperties !== undefined && additionalProperties !== false, "additionalProperties"),
    ...at(choices !== undefined && (!Array.isArray(choices) || choices.length === 0), "no choices"),
    ...(Array.isArray(choices) ? choices : []).flatMap((choice: unknown) =>
      at(typeof choice !== "string" || choice === "" || type !== "string", "a choice that is no text"),
    ),
    ...(Array.isArray(required) ? required : []).flatMap((name: unknown) =>
      at(!names.includes(String(name)), `required but unknown: ${String(name)}`),
    ),
    ...names.flatMap((name) => at(!propertyName.test(name), `name ${name}`)),
    ...(Predicate.isObject(properties)
      ? Object.entries(properties).flatMap(([name, property]) => problems(property, `${path}.${name}`))
      : []),
    ...(items === undefined ? [] : problems(items, `${path}[]`)),
    ...(Array.isArray(anyOf) ? anyOf.flatMap((member: unknown, index) => problems(member, `${path}|${index}`)) : []),
  ]
}

export const unportable = (schema: unknown): ReadonlyArray<string> => [
  ...(Predicate.isObject(schema) && schema["type"] === "object" && Predicate.isObject(schema["properties"])
    ? []
    : ["the root is no object with properties"]),
  ...["anyOf", "enum"].filter((keyword) => Predicate.hasProperty(schema, keyword)),
  ...problems(schema, "$"),
]
