/** The constraints of a JSON Schema in words. */
import { plural } from "../../text/plural.ts"
import type { SchemaNode } from "./SchemaNode.ts"

/** `minimum` and `maximum` up to the safe integers say nothing that a model needs. */
const isBound = (value: unknown): value is number =>
  typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER

const range = (minimum: unknown, maximum: unknown, unit = "") => {
  const suffix = unit === "" ? "" : ` ${unit}s`
  if (unit !== "" && minimum === 1 && maximum === undefined) return ["not empty"]
  if (isBound(minimum) && minimum === maximum) return [`${minimum}${suffix}`]
  if (isBound(minimum) && isBound(maximum)) return [`${minimum} to ${maximum}${suffix}`]
  if (isBound(maximum)) return [`at most ${unit === "" ? maximum : plural(maximum, unit)}`]
  return isBound(minimum) && (unit === "" || minimum > 0)
    ? [`at least ${unit === "" ? minimum : plural(minimum, unit)}`]
    : []
}

const text = (value: unknown, prefix: string) =>
  typeof value === "string" || isBound(value) ? [`${prefix} ${value}`] : []

/** Such as `1 to 50` or `at most 500 characters`; empty without constraints. */
export const limitsText = ({ limits = {} }: SchemaNode): string => {
  const { exclusiveMaximum, exclusiveMinimum, format, maximum, maxItems, maxLength, minimum, minItems, minLength } =
    limits
  return [
    ...range(minimum, maximum),
    ...text(exclusiveMinimum, "more than"),
    ...text(exclusiveMaximum, "less than"),
    ...text(limits["multipleOf"], "a multiple of"),
    ...range(minLength, maxLength, "character"),
    ...range(minItems, maxItems, "item"),
    ...text(format, "format"),
    ...text(limits["pattern"], "matching"),
    ...text(limits["default"], "default"),
  ].join(", ")
}
