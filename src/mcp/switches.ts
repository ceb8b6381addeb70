/**
 * A choice of several as one boolean field per option. Before revision 2025-11-25 a form holds no lists: Codex does not
 * show a list, and accepts the form without it.
 */
import { Option, Record, Schema } from "effect"
import { isObject } from "effect/Predicate"

type Fields = Readonly<Record<string, unknown>>

const Text = Schema.optionalKey(Schema.String)

const decodeList = Schema.decodeUnknownOption(
  Schema.Struct({
    type: Schema.Literal("array"),
    title: Text,
    description: Text,
    items: Schema.Union([
      Schema.Struct({ enum: Schema.Array(Schema.String) }),
      Schema.Struct({ anyOf: Schema.Array(Schema.Struct({ const: Schema.String, title: Schema.String })) }),
    ]),
  }),
)

/** The options of a list, with the names of their fields. Codex sorts fields by name. */
const switchesOf = (name: string, field: unknown) =>
  Option.map(decodeList(field), ({ description, items, title }) => {
    const options = "enum" in items ? items.enum.map((value) => ({ const: value, title: value })) : items.anyOf
    const digits = String(options.length).length
    const about = [title, description].filter((text) => text !== undefined).join(": ")
    return options.map(({ const: value, title }, index) => ({
      name: `${name}.${String(index + 1).padStart(digits, "0")}`,
      value,
      field: { type: "boolean", title, ...(about === "" ? {} : { description: about }), default: false },
    }))
  })

/** The fields of a form, with switches in place of lists. */
export const withSwitches = (properties: Fields): Fields =>
  Record.fromEntries(
    Object.entries(properties).flatMap(([name, field]) =>
      Option.match(switchesOf(name, field), {
        onNone: () => [[name, field] as const],
        onSome: (switches) => switches.map(({ field, name }) => [name, field] as const),
      }),
    ),
  )

/** The content of a reply, with a list in place of the switches. What is no switch stays as it is. */
export const withoutSwitches = (properties: Fields, content: unknown): unknown => {
  if (!isObject(content) || Array.isArray(content)) return content
  const fields: Record<string, unknown> = { ...content }
  for (const [name, field] of Object.entries(properties)) {
    const switches = Option.getOrElse(switchesOf(name, field), () => [])
    const set = switches.filter((each) => typeof fields[each.name] === "boolean")
    if (set.length === 0) continue
    const chosen = set.filter((each) => fields[each.name] === true).map(({ value }) => value)
    for (const each of set) delete fields[each.name]
    fields[name] = chosen
  }
  return fields
}
