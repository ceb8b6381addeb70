/** A form in the terminal, one field after the other. */
import { Console, Effect, Schema } from "effect"
import { Prompt } from "effect/cli"
import type { Decision, PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { plainText } from "../../text/plainText.ts"
import { type Origin, readReply } from "../../tools/requests/askPerson.ts"
import { decisionForm } from "../../tools/requests/decisionForm.ts"
import { formMessage } from "../../tools/requests/formMessage.ts"
import type { Filled } from "../../tools/requests/formTypes.ts"
import type { ElicitationRequest, ElicitationReply } from "../../mcp/Call.ts"
import { formJson } from "../../mcp/formSchema.ts"

const Text = Schema.optionalKey(Schema.String)
const Choices = Schema.optionalKey(Schema.Array(Schema.String))
const TitledChoices = Schema.optionalKey(Schema.Array(Schema.Struct({ const: Schema.String, title: Schema.String })))

/** The part of JSON Schema that forms use: text, one of several choices, any of several choices. */
const Form = Schema.Struct({
  properties: Schema.Record(
    Schema.String,
    Schema.Struct({
      title: Text,
      description: Text,
      enum: Choices,
      oneOf: TitledChoices,
      items: Schema.optionalKey(Schema.Struct({ enum: Choices, anyOf: TitledChoices })),
    }),
  ),
  required: Choices,
})
type Field = (typeof Form.Type)["properties"][string]

/** A field's value; undefined if it was left empty, `dismissed` if the person refuses to answer. */
type FieldValue = string | ReadonlyArray<string> | undefined | typeof dismissed

const dismissed = Symbol("dismissed")

const labelOf = (name: string, { description, title }: Field) =>
  plainText([title ?? name, description].filter((text) => text !== undefined).join(": "))

const choices = (values: ReadonlyArray<string> = [], titled: ReadonlyArray<{ const: string; title: string }> = []) => [
  ...values.map((value) => ({ title: value, value })),
  ...titled.map(({ const: value, title }) => ({ title: plainText(title), value })),
]

/** The choices beside a question's own. A permission has the choice to reject instead. */
const noChoice = (
  name: string,
  required: boolean,
): ReadonlyArray<{ readonly title: string; readonly value: FieldValue }> => {
  if (name === "decision") return []
  return [required ? { title: "(dismiss)", value: dismissed } : { title: "(leave unanswered)", value: undefined }]
}

const promptFor = (name: string, field: Field, required: boolean) => {
  const message = labelOf(name, field)
  const one = choices(field.enum, field.oneOf)
  if (one.length > 0) {
    return Prompt.Select<FieldValue>({ message, choices: [...one, ...noChoice(name, required)] })
  }
  const any = choices(field.items?.enum, field.items?.anyOf)
  return any.length === 0
    ? Prompt.map(Prompt.String({ message }), (text): FieldValue => (text.trim() === "" ? undefined : text))
    : Prompt.map(Prompt.MultiSelect({ message, choices: any }), (chosen): FieldValue =>
        chosen.length === 0 ? undefined : chosen,
      )
}

/** Esc or Ctrl-C closes the form and leaves the request open. */
export const terminalForm = ({ form, message }: Pick<ElicitationRequest, "form" | "message">) =>
  Effect.gen(function* () {
    const { properties, required = [] } = yield* Effect.orDie(Schema.decodeUnknownEffect(Form)(formJson(form)))
    yield* Console.error(`\n${plainText(message)} Esc closes it.\n`)
    const content: Record<string, string | ReadonlyArray<string>> = {}
    for (const [name, field] of Object.entries(properties)) {
      const value = yield* promptFor(name, field, required.includes(name))
      if (value === dismissed) return { action: "refuse" } satisfies ElicitationReply
      if (value !== undefined) content[name] = value
    }
    return { action: "accept", content } satisfies ElicitationReply
  }).pipe(
    // The cursor is still inside the form.
    Effect.onError(() => Console.error("")),
    Effect.catchTag("QuitError", () => Effect.succeed<ElicitationReply>({ action: "cancel" })),
  )

/** Shows the forms of a pending request. Undefined if the person closes one. */
export const decisionInTerminal = Effect.fnUntraced(function* ({ session, target }: Origin, pending: PendingRequest) {
  const asking = { instance: target.instance, session }
  let filled: Filled | undefined
  while (true) {
    const form = decisionForm(pending, filled)
    if (form === undefined) return undefined
    const reply = yield* terminalForm({ form: form.schema, message: formMessage(asking, pending, form) })
    const brought = readReply(pending, form, reply)
    if (brought.filled === undefined) return brought.decision satisfies Decision | undefined
    filled = brought.filled
  }
})
