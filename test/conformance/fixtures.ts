/** What the tools of the conformance suite do. */
import { Duration, Effect, Option, Schema } from "effect"
import { createHmac, randomBytes } from "node:crypto"
import { Call, type ElicitationReply } from "../../src/mcp/Call.ts"
import { Failed, Fixtures } from "./fixtureTools.ts"

const says = (text: string) => Effect.succeed({ text })

const titled = (pairs: ReadonlyArray<readonly [string, string]>) =>
  Schema.Union(
    pairs.map(([value, title]) => Schema.Literal(value).annotate({ title })),
    { mode: "oneOf" },
  )

const forms = {
  user: Schema.Struct({
    username: Schema.String.annotate({ description: "User's response" }),
    email: Schema.String.annotate({ description: "User's email address" }),
  }),
  defaults: Schema.Struct({
    name: Schema.String.annotate({ default: "John Doe" }),
    age: Schema.Int.annotate({ default: 30 }),
    score: Schema.Finite.annotate({ default: 95.5 }),
    status: Schema.Literals(["active", "inactive", "pending"]).annotate({ default: "active" }),
    verified: Schema.Boolean.annotate({ default: true }),
  }),
  enums: Schema.Struct({
    untitledSingle: Schema.Literals(["option1", "option2", "option3"]),
    titledSingle: titled([
      ["value1", "First Option"],
      ["value2", "Second Option"],
      ["value3", "Third Option"],
    ]),
    // `enumNames` is for clients of older revisions; see `formSchema.ts`.
    legacyEnum: Schema.Literals(["opt1", "opt2", "opt3"]),
    untitledMulti: Schema.Array(Schema.Literals(["option1", "option2", "option3"])),
    titledMulti: Schema.Array(
      titled([
        ["value1", "First Choice"],
        ["value2", "Second Choice"],
        ["value3", "Third Choice"],
      ]),
    ),
  }),
  name: Schema.Struct({ name: Schema.String }),
  color: Schema.Struct({ color: Schema.String }),
  confirm: Schema.Struct({ confirm: Schema.Boolean }),
  ok: Schema.Struct({ ok: Schema.Boolean }),
}

const secret = randomBytes(32)
const sign = (state: string) => `${state}.${createHmac("sha256", secret).update(state).digest("hex")}`
const isSigned = (state: string) => sign(state.slice(0, state.lastIndexOf("."))) === state

const written = (reply: ElicitationReply) => JSON.stringify(reply)

/** The person's reply to the call's only question. */
const asked = (form: Schema.Constraint, message: string, state = "state") =>
  Effect.gen(function* () {
    const call = yield* Call
    if (Option.isSome(call.resumed)) return call.resumed.value.reply
    if (!call.canAsk) return yield* new Failed({ why: "The client cannot put forms to its person." })
    return yield* call.ask({ message, form, state })
  })

const asksFor = (form: Schema.Constraint, message: string, answer: (reply: string) => string, state?: string) =>
  Effect.map(asked(form, message, state), (reply) => ({ text: answer(written(reply)) }))

/** Longer than the time after which a call becomes a task. */
const asTask = (seconds: number) =>
  Effect.gen(function* () {
    const { task } = yield* Call
    if (task !== undefined) yield* task.checkpoint(undefined)
    if (seconds > 0) yield* Effect.sleep(Duration.seconds(seconds + 1))
  })

const reports = Effect.fnUntraced(function* (lines: ReadonlyArray<string>) {
  for (const line of lines) {
    yield* Effect.logDebug(line)
    yield* Effect.sleep("50 millis")
  }
  return { text: "logged" }
})

export const FixturesLive = Fixtures.toLayer(
  Fixtures.of({
    test_simple_text: () => says("This is a simple text response for testing."),
    test_image_content: () => says("an image"),
    test_audio_content: () => says("a sound"),
    test_embedded_resource: () => says("a resource"),
    test_multiple_content_types: () => says("several"),
    test_error_handling: () => Effect.fail(new Failed({ why: "This tool intentionally returns an error for testing" })),
    test_tool_with_progress: Effect.fnUntraced(function* () {
      const { progress } = yield* Call
      for (const at of [0, 50, 100]) {
        yield* progress({ progress: at, message: `${at} of 100` })
        yield* Effect.sleep("50 millis")
      }
      return { text: "done" }
    }),
    test_tool_with_logging: () =>
      reports(["Tool execution started", "Tool processing data", "Tool execution completed"]),
    test_logging_tool: () => reports(["a log line"]),
    test_reconnection: () => Effect.delay(says("Reconnection test completed"), "100 millis"),
    test_elicitation: ({ message }) => asksFor(forms.user, message, (reply) => `User response: ${reply}`),
    test_elicitation_sep1034_defaults: () =>
      asksFor(forms.defaults, "Please fill in", (reply) => `Elicitation completed: ${reply}`),
    test_elicitation_sep1330_enums: () =>
      asksFor(forms.enums, "Please choose", (reply) => `Elicitation completed: ${reply}`),
    test_streaming_elicitation: () => asksFor(forms.name, "Your name?", (reply) => reply),
    json_schema_2020_12_tool: (args: unknown) => says(JSON.stringify(args)),
    test_input_required_result_elicitation: () =>
      asksFor(forms.name, "What is your name?", (reply) => `Hello, ${reply}!`),
    test_input_required_result_request_state: () =>
      asksFor(forms.ok, "Please confirm", (reply) => `state-ok ${reply}`, sign("state")),
    test_input_required_result_multi_round: Effect.fnUntraced(function* () {
      const call = yield* Call
      const state = Option.match(call.resumed, { onNone: () => "", onSome: ({ state }) => state })
      if (state === "2") return { text: "complete" }
      const question =
        state === "1"
          ? { message: "Step 2: What is your favorite color?", form: forms.color, state: "2" }
          : { message: "Step 1: What is your name?", form: forms.name, state: "1" }
      return { text: written(yield* call.ask(question)) }
    }),
    test_input_required_result_tampered_state: Effect.fnUntraced(function* () {
      const { resumed } = yield* Call
      if (Option.isSome(resumed) && !isSigned(resumed.value.state)) {
        return yield* new Failed({ why: "The state was tampered with." })
      }
      return yield* asksFor(forms.ok, "Please confirm", (reply) => reply, sign("state"))
    }),
    test_input_required_result_capabilities: () => asksFor(forms.name, "Your name?", (reply) => reply),
    greet: ({ name }) => says(`Hello, ${name}!`),
    slow_compute: ({ seconds }) => Effect.as(asTask(seconds), { text: `computed for ${seconds} s` }),
    failing_job: () => Effect.andThen(asTask(1), new Failed({ why: "This job fails" })),
    protocol_error_job: () => Effect.andThen(asTask(1), Effect.die(new Error("This job breaks"))),
    confirm_delete: ({ filename }) =>
      Effect.andThen(
        asTask(0),
        asksFor(forms.confirm, `Delete ${filename}?`, (reply) => reply),
      ),
    multi_input: () =>
      Effect.andThen(
        asTask(0),
        Effect.map(
          Effect.all([asked(forms.name, "Your name?"), asked(forms.confirm, "Go on?")], { concurrency: 2 }),
          (replies) => ({ text: replies.map(written).join() }),
        ),
      ),
    test_tool_with_task: Effect.fnUntraced(function* () {
      const reply = yield* asked(forms.name, "Your name?")
      yield* asTask(1)
      return { text: written(reply) }
    }),
  }),
)
