/** The form of a question, put to the person at the terminal field by field. */
import { Console, Effect, Schema } from "effect"
import { Prompt } from "effect/cli"
import { plainText } from "../../text/plainText.ts"
import type { ElicitationRequest, ElicitationReply } from "../../mcp/Call.ts"

const Text = Schema.optionalKey(Schema.String)
const Choices = Schema.optionalKey(Schema.Array(Schema.String))

/** As much of JSON Schema as forms have: text, one of several words, and any of them. */
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

/** What was filled in; none if nothing was. */
type Filled = string | ReadonlyArray<string> | undefined

const labelOf = (name: string, { description, title }: Field) =>
  plainText([title ?? name, description].filter((text) => text !== undefined).join(": "))

/** One who does not want to choose says so last. Among the decisions on a permission is the refusal already. */
const choicesOf = (name: string, labels: ReadonlyArray<string>, required: boolean) => [
  ...labels.map((label) => ({ title: label, value: label })),
  ...(name === "decision" ? [] : [{ title: required ? "(decline)" : "(none of these)", value: undefined }]),
]

const fill = (name: string, field: Field, required: boolean) => {
  const message = labelOf(name, field)
  if (field.enum !== undefined) {
    return Prompt.Select<Filled>({ message, choices: choicesOf(name, field.enum, required) })
  }
  const any = field.items?.enum
  return any === undefined
    ? Prompt.map(Prompt.String({ message }), (text): Filled => (text.trim() === "" ? undefined : text))
    : Prompt.map(
        Prompt.MultiSelect({ message, choices: any.map((label) => ({ title: label, value: label })) }),
        (chosen): Filled => (chosen.length === 0 ? undefined : chosen),
      )
}

/** A reason is for a refusal, and an answer of one's own for who has chosen none of several that exclude each other. */
const isSpared = (name: string, content: Readonly<Record<string, Filled>>) =>
  (name === "reason" && content["decision"] !== "reject") ||
  typeof content[name.replace(/^other_/u, "answer_")] === "string"

/** To leave it without a decision, by Esc or Ctrl-C, leaves the request open. To fill in nothing declines. */
export const terminalForm = ({ form, message }: Pick<ElicitationRequest, "form" | "message">) =>
  Effect.gen(function* () {
    const { properties, required = [] } = yield* Effect.orDie(
      Schema.decodeUnknownEffect(Form)(Schema.toJsonSchemaDocument(form).schema),
    )
    yield* Console.error(`\n${plainText(message)} Esc closes it.\n`)
    const content: Record<string, string | ReadonlyArray<string>> = {}
    for (const [name, field] of Object.entries(properties)) {
      if (isSpared(name, content)) continue
      const value = yield* fill(name, field, required.includes(name))
      if (value !== undefined) content[name] = value
      else if (required.includes(name)) return { action: "decline" } satisfies ElicitationReply
    }
    return Object.keys(content).length === 0
      ? ({ action: "decline" } satisfies ElicitationReply)
      : ({ action: "accept", content } satisfies ElicitationReply)
  }).pipe(
    // The cursor stands in the middle of the form.
    Effect.onError(() => Console.error("")),
    Effect.catchTag("QuitError", () => Effect.succeed<ElicitationReply>({ action: "cancel" })),
  )
