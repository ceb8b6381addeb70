/**
 * The JSON Schema of an elicitation form. MCP allows a flat object of strings, numbers, booleans, enums and arrays of
 * enums; choices with titles follow revision 2025-11-25 (`oneOf` or `anyOf` of `const` and `title`).
 */
import type { StandardSchemaWithJSON } from "@modelcontextprotocol/server"
import { Option, Record, Schema } from "effect"
import { advertised, jsonSchema } from "./jsonSchema.ts"

/** Effect's JSON Schema of a literal. */
const isChoice = Schema.is(
  Schema.Struct({
    type: Schema.Literal("string"),
    enum: Schema.Tuple([Schema.String]),
    title: Schema.optionalKey(Schema.String),
  }),
)

const isField = Schema.is(Schema.Record(Schema.String, Schema.Unknown))

/** The choices of a union of literals, some of which have titles. */
const titledChoices = (field: unknown) => {
  if (!isField(field)) return Option.none()
  const { anyOf, oneOf, ...rest } = field
  const members: unknown = oneOf ?? anyOf
  return Array.isArray(members) && members.every(isChoice)
    ? Option.some({
        rest,
        choices: members.map(({ enum: [value], title }) => ({ const: value, title: title ?? value })),
      })
    : Option.none()
}

const formField = (field: unknown): unknown =>
  Option.match(titledChoices(field), {
    onSome: ({ choices, rest }) => ({ ...rest, type: "string", oneOf: choices }),
    onNone: () => {
      if (!isField(field) || field["type"] !== "array") return field
      return Option.match(titledChoices(field["items"]), {
        onSome: ({ choices }) => ({ ...field, items: { anyOf: choices } }),
        onNone: () => field,
      })
    },
  })

/** MCP forms must not say anything about fields that they do not name, so `additionalProperties` is left out. */
export const formSchema = (form: Schema.Constraint): StandardSchemaWithJSON =>
  advertised(() => {
    const { additionalProperties: _, properties, ...json } = jsonSchema(form, "ignore")
    return isField(properties) ? { ...json, properties: Record.map(properties, formField) } : json
  })
