/** A Toolkit with every kind of tool that Effect can declare, apart from those that the fleet itself uses. */
import { Effect, Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { Call } from "../../src/mcp/Call.ts"

class Refused extends Schema.TaggedError<Refused>()("Refused", { why: Schema.String }) {
  override get message() {
    return `refused: ${this.why}`
  }
}

export const png = "iVBORw0KGgo="
export const wav = "UklGRiYAAABXQVZF"

const Text = Schema.Struct({ text: Schema.String })
const Amount = Schema.Struct({ amount: Schema.Int })

const titled = (value: string, title: string) => Schema.Literal(value).annotate({ title })
const sizes = Schema.Union([titled("s", "Small"), titled("l", "Large")])

/** Choices with titles, one and several of them. */
export const TitledForm = Schema.Struct({
  size: sizes.annotate({ title: "Size" }),
  extras: Schema.Array(Schema.Union([titled("m", "Milk"), titled("s", "Sugar")])),
})

/** Tools that Effect's own MCP server serves as well. */
export const VariedTools = Toolkit.make(
  Tool.make("succeed_with_nothing", { description: "No success schema" }),
  Tool.make("succeed_with_string", { description: "A string", success: Schema.String }),
  Tool.make("succeed_with_array", { description: "A list", success: Schema.Array(Schema.String) }),
  Tool.make("succeed_with_union", {
    description: "One of two structs",
    success: Schema.Union([Schema.Struct({ a: Schema.String }), Schema.Struct({ b: Schema.Finite })]),
  }),
  Tool.make("fail_with_struct", { success: Text, failure: Schema.Struct({ reason: Schema.String }) }),
  Tool.make("fail_with_string", { success: Text, failure: Schema.String }),
  Tool.make("fail_with_error", { success: Text, failure: Refused }),
  Tool.make("return_failure", { success: Text, failure: Refused, failureMode: "return" }),
  Tool.make("die", { success: Text }),
  Tool.make("break_schema", { description: "Its result does not match its schema", success: Amount }),
  Tool.make("show_files", {
    description: "Text, an image, a sound, a document, bytes and a link",
    success: Text,
    toModelOutput: ({ text }) => [
      Prompt.textPart({ text }),
      Prompt.filePart({ mediaType: "image/png", data: png }),
      Prompt.filePart({ mediaType: "audio/wav", data: new Uint8Array(Buffer.from(wav, "base64")) }),
      Prompt.filePart({ mediaType: "text/markdown", fileName: "notes.md", data: btoa("# Notes") }),
      Prompt.filePart({ mediaType: "application/pdf", data: new URL("data:application/pdf;base64,JVBERi0=") }),
      Prompt.filePart({ mediaType: "image/png", fileName: "plan.png", data: new URL("https://example.com/plan.png") }),
    ],
  }),
  Tool.dynamic("take_raw_schema", {
    description: "Parameters as raw JSON Schema",
    parameters: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: { phone: { type: "string" }, email: { type: "string" } },
      anyOf: [{ required: ["phone"] }, { required: ["email"] }],
    },
    success: Schema.Struct({ received: Schema.Unknown }),
  }),
)

/** Tools that ask the person. */
export const AskingVariedTools = Toolkit.make(
  Tool.make("pay", {
    description: "Needs approval",
    parameters: Amount,
    success: Text,
    needsApproval: true,
  }),
  Tool.make("pay_much", {
    description: "Needs approval from 100 upwards",
    parameters: Amount,
    success: Text,
    needsApproval: ({ amount }) => Effect.succeed(amount >= 100),
  }),
  Tool.make("pay_unclear", {
    description: "Fails to say whether it needs approval",
    success: Text,
    needsApproval: () => Effect.die(new Error("no answer")),
  }),
  Tool.make("pay_and_ask", { description: "Needs approval, and asks a question", success: Text, needsApproval: true }),
  Tool.make("choose", { description: "Asks for choices with titles", success: Text }),
)

const ask = (message: string, form: Schema.Constraint) =>
  Effect.gen(function* () {
    const { ask, resumed } = yield* Call
    const reply = resumed._tag === "Some" ? resumed.value.reply : yield* ask({ message, form, state: "asked" })
    return { text: JSON.stringify(reply) }
  })

export const layer = VariedTools.toLayer({
  succeed_with_nothing: () => Effect.void,
  succeed_with_string: () => Effect.succeed("hello"),
  succeed_with_array: () => Effect.succeed(["a", "b"]),
  succeed_with_union: () => Effect.succeed({ a: "x" }),
  fail_with_struct: () => Effect.fail({ reason: "no paper" }),
  fail_with_string: () => Effect.fail("no paper"),
  fail_with_error: () => Effect.fail(new Refused({ why: "no paper" })),
  return_failure: () => Effect.fail(new Refused({ why: "no paper" })),
  die: () => Effect.die(new Error("a secret detail")),
  break_schema: () => Effect.succeed({ amount: 1.5 }),
  show_files: () => Effect.succeed({ text: "files" }),
  take_raw_schema: (received: unknown) => Effect.succeed({ received }),
})

export const askingLayer = AskingVariedTools.toLayer({
  pay: ({ amount }) => Effect.succeed({ text: `paid ${amount}` }),
  pay_much: ({ amount }) => Effect.succeed({ text: `paid ${amount}` }),
  pay_unclear: () => Effect.succeed({ text: "paid" }),
  pay_and_ask: () => ask("How?", Schema.Struct({ how: Schema.String })),
  choose: () => ask("Which?", TitledForm),
})
