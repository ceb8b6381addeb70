/**
 * The JSON Schema of an elicitation form. MCP allows a flat object of strings, numbers, booleans, enums and, since revision
 * 2025-11-25, arrays of enums. Choices with titles are a `oneOf` or `anyOf` of `const` and `title` since that revision, and
 * before it `enum` with `enumNames`.
 */
import type { StandardSchemaWithJSON } from "@modelcontextprotocol/server"
import { Option, Record, Schema } from "effect"
import { jsonSchema } from "./jsonSchema.ts"
import { advertised } from "./listedTool.ts"
import { withoutSwitches, withSwitches } from "./switches.ts"

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

/** The revision of the client: the current forms, or those before 2025-11-25. */
type Dialect = "current" | "older"

const formField =
  (dialect: Dialect) =>
  (field: unknown): unknown =>
    Option.match(titledChoices(field), {
      onSome: ({ choices, rest }) =>
        dialect === "current"
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

/** A form of the current revision as an older client understands it. */
const older = (properties: Readonly<Record<string, unknown>>, required: unknown) => {
  const fields = withSwitches(properties)
  return {
    properties: fields,
    ...(Array.isArray(required)
      ? { required: required.filter((name) => typeof name === "string" && name in fields) }
      : {}),
  }
}

/** MCP forms must not say anything about fields that they do not name, so `additionalProperties` is left out. */
export const formJson = (form: Schema.Constraint, dialect: Dialect = "current"): Readonly<Record<string, unknown>> => {
  const { additionalProperties: _, properties, ...json } = jsonSchema(form, "ignore")
  if (!isField(properties)) return json
  const fields = Record.map(properties, formField(dialect))
  return { ...json, ...(dialect === "current" ? { properties: fields } : older(fields, json["required"])) }
}

export const formSchema = (form: Schema.Constraint, dialect?: Dialect): StandardSchemaWithJSON =>
  advertised(() => formJson(form, dialect))

/** The content of a reply to the form, as the current revision writes it. */
export const replyContent = (form: Schema.Constraint, dialect: Dialect, content: unknown): unknown => {
  if (dialect === "current") return content
  const { properties } = formJson(form)
  return isField(properties) ? withoutSwitches(properties, content) : content
}
