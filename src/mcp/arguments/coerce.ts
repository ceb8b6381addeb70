/**
 * Reads values as models and frameworks send them: numbers and booleans as text, lists and objects as JSON text, one value
 * where a list is wanted, choices in another case. A value that has no certain meaning is left as it is, and the tool's
 * schema rejects it.
 */
import { Option, Predicate, Schema } from "effect"
import type { SchemaNode } from "../schema/SchemaNode.ts"

const typeOf = (value: unknown): string => {
  if (value === null) return "null"
  return Array.isArray(value) ? "array" : typeof value
}

/** Whether the value has the node's type and is one of its choices. */
export const fits = (node: SchemaNode, value: unknown): boolean => {
  if (node.anyOf !== undefined) return node.anyOf.some((member) => fits(member, value))
  if (node.enum !== undefined) return node.enum.includes(value)
  return node.type === undefined || (node.type === "integer" ? "number" : node.type) === typeOf(value)
}

export const parseJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu

const fromText = ({ enum: choices, items = {}, type }: SchemaNode, text: string): unknown => {
  const trimmed = text.trim()
  const folded = trimmed.toLowerCase()
  if (type === "string") {
    const same = (choices ?? []).filter((choice) => typeof choice === "string" && choice.toLowerCase() === folded)
    return same.length === 1 ? same[0] : text
  }
  if (type === "number" || type === "integer") return number.test(trimmed) ? Number(trimmed) : text
  if (type === "boolean") return folded === "true" || (folded === "false" ? false : text)
  const parsed = parseJson(trimmed)
  if (type === "object") return Option.getOrElse(Option.filter(parsed, Predicate.isObject), () => text)
  if (type !== "array") return text
  if (Option.isSome(parsed) && Array.isArray(parsed.value)) return parsed.value
  // Such as a list with single quotes: neither a list nor clearly one value.
  return /^\[.*\]$/su.test(trimmed) ? text : single(items, text)
}

const single = (items: SchemaNode, value: unknown): unknown => {
  const item = coerce(items, value)
  return fits(items, item) ? [item] : value
}

const fromOther = ({ enum: choices, items = {}, type }: SchemaNode, value: unknown): unknown => {
  if (type === "array") return value === null ? value : single(items, value)
  const isScalar = typeof value === "number" || typeof value === "boolean"
  return type === "string" && choices === undefined && isScalar ? String(value) : value
}

const inside = (node: SchemaNode, value: unknown): unknown => {
  const { items, properties } = node
  if (items !== undefined && Array.isArray(value)) return value.map((item) => coerce(items, item))
  return properties !== undefined && Predicate.isObject(value) ? coerceObject(node, value) : value
}

export const coerce = (node: SchemaNode, value: unknown): unknown => {
  if (node.anyOf !== undefined) {
    const { anyOf } = node
    const member = anyOf.find((member) => fits(member, value))
    if (member !== undefined) return inside(member, value)
    const readings = anyOf.map((member) => ({ member, read: coerce(member, value) }))
    return (readings.find(({ member, read }) => fits(member, read)) ?? { read: value }).read
  }
  if (fits(node, value)) return inside(node, value)
  const read = typeof value === "string" ? fromText(node, value) : fromOther(node, value)
  return fits(node, read) ? inside(node, read) : value
}

/** Null and blank mean that an optional parameter is left out, unless its schema accepts null or lists the blank text. */
const isAbsent = (node: SchemaNode, value: unknown): boolean => {
  if (value === null) return !fits(node, value)
  const isBlank = typeof value === "string" && value.trim() === ""
  return isBlank && (node.type !== undefined || node.anyOf !== undefined) && node.enum?.includes(value) !== true
}

/**
 * Reads the properties of an object. A required text is taken as it is: a number is no session, and "5" is a message.
 * Unknown properties are left for the schema to reject.
 */
export const coerceObject = ({ properties = {}, required = [] }: SchemaNode, value: object): unknown =>
  Object.fromEntries(
    Object.entries(value).flatMap(([name, given]): ReadonlyArray<readonly [string, unknown]> => {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined
      if (property === undefined) return [[name, given]]
      const isRequired = required.includes(name)
      if (!isRequired && isAbsent(property, given)) return []
      const isExact = isRequired && property.type === "string" && property.enum === undefined
      return [[name, isExact ? given : coerce(property, given)]]
    }),
  )
