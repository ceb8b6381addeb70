/** A form in the terminal, one field after the other. */
import { Console, Effect, Schema } from "effect"
import { Prompt } from "effect/cli"
import { plainText } from "../../text/plainText.ts"
import type { ElicitationRequest, ElicitationReply } from "../../mcp/Call.ts"

const Text = Schema.optionalKey(Schema.String)
const Choices = Schema.optionalKey(Schema.Array(Schema.String))

/** The part of JSON Schema that forms use: text, one of several choices, any of several choices. */
const Form = Schema.Struct({
  properties: Schema.Record(
    Schema.String,
    Schema.Struct({
      title: Text,
      description: Text,
      enum: Choices,
      items: Schema.optionalKey(Schema.Struct({ enum: Choices })),
    }),
  ),
  required: Choices,
})
type Field = (typeof Form.Type)["properties"][string]

/** A field's value; undefined if it was left empty. */
type FieldValue = string | ReadonlyArray<string> | undefined

const labelOf = (name: string, { description, title }: Field) =>
  plainText([title ?? name, description].filter((text) => text !== undefined).join(": "))

/** Adds a choice that selects nothing, except for a permission, which has the choice to reject. */
const choicesOf = (name: string, labels: ReadonlyArray<string>, required: boolean) => [
  ...labels.map((label) => ({ title: label, value: label })),
  ...(name === "decision" ? [] : [{ title: required ? "(dismiss)" : "(none of these)", value: undefined }]),
]

const promptFor = (name: string, field: Field, required: boolean) => {
  const message = labelOf(name, field)
  if (field.enum !== undefined) {
    return Prompt.Select<FieldValue>({ message, choices: choicesOf(name, field.enum, required) })
  }
  const any = field.items?.enum
  return any === undefined
    ? Prompt.map(Prompt.String({ message }), (text): FieldValue => (text.trim() === "" ? undefined : text))
    : Prompt.map(
        Prompt.MultiSelect({ message, choices: any.map((label) => ({ title: label, value: label })) }),
        (chosen): FieldValue => (chosen.length === 0 ? undefined : chosen),
      )
}

/** Skips the reason unless the permission is rejected, and the custom answer if a choice was made. */
const isSkipped = (name: string, content: Readonly<Record<string, FieldValue>>) =>
  (name === "reason" && content["decision"] !== "reject") ||
  typeof content[name.replace(/^other_/u, "answer_")] === "string"

/** Esc or Ctrl-C closes the form and leaves the request open. An empty form dismisses the question. */
export const terminalForm = ({ form, message }: Pick<ElicitationRequest, "form" | "message">) =>
  Effect.gen(function* () {
    const { properties, required = [] } = yield* Effect.orDie(
      Schema.decodeUnknownEffect(Form)(Schema.toJsonSchemaDocument(form).schema),
    )
    yield* Console.error(`\n${plainText(message)} Esc closes this form.\n`)
    const content: Record<string, string | ReadonlyArray<string>> = {}
    for (const [name, field] of Object.entries(properties)) {
      if (isSkipped(name, content)) continue
      const value = yield* promptFor(name, field, required.includes(name))
      if (value !== undefined) content[name] = value
      else if (required.includes(name)) return { action: "refuse" } satisfies ElicitationReply
    }
    return Object.keys(content).length === 0
      ? ({ action: "refuse" } satisfies ElicitationReply)
      : ({ action: "accept", content } satisfies ElicitationReply)
  }).pipe(
    // The cursor is still inside the form.
    Effect.onError(() => Console.error("")),
    Effect.catchTag("QuitError", () => Effect.succeed<ElicitationReply>({ action: "cancel" })),
  )
