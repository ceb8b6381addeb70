/**
 * The JSON Schema of an elicitation form. MCP allows a flat object of strings, numbers, booleans, enums and arrays of
 * enums. Choices with titles are a `oneOf` or `anyOf` of `const` and `title` since revision 2025-11-25, and before it
 * `enum` with `enumNames`.
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

/** How the titles of choices are written. */
type Titles = "oneOf" | "enumNames"

const formField =
  (titles: Titles) =>
  (field: unknown): unknown =>
    Option.match(titledChoices(field), {
      onSome: ({ choices, rest }) =>
        titles === "oneOf"
          ? { ...rest, type: "string", oneOf: choices }
          : {
              ...rest,
              type: "string",
              enum: choices.map(({ const: value }) => value),
              enumNames: choices.map(({ title }) => title),
            },
      onNone: () => {
        if (!isField(field) || field["type"] !== "array") return field
        return Option.match(titledChoices(field["items"]), {
          onSome: ({ choices }) => ({ ...field, items: { anyOf: choices } }),
          onNone: () => field,
        })
      },
    })

/** MCP forms must not say anything about fields that they do not name, so `additionalProperties` is left out. */
export const formJson = (form: Schema.Constraint, titles: Titles = "oneOf"): Readonly<Record<string, unknown>> => {
  const { additionalProperties: _, properties, ...json } = jsonSchema(form, "ignore")
  return isField(properties) ? { ...json, properties: Record.map(properties, formField(titles)) } : json
}

export const formSchema = (form: Schema.Constraint, titles?: Titles): StandardSchemaWithJSON =>
  advertised(() => formJson(form, titles))
