import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { Call, type CallValues } from "../../../src/mcp/Call.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { call, type ToolParameters, toolsOverFake } from "../../support/fleetOver.ts"
import { pass } from "../../support/overFake.ts"
import { finishAnswer, makeBusy } from "../../support/play.ts"
import { event, here, permission, question, ses, session } from "../../../src/testing/samples.ts"

const withMain = Effect.tap(FakeOpencode, (fake) =>
  Effect.sync(() => {
    fake.sessions = [session("main"), session("other")]
  }),
)

const sending = Effect.fnUntraced(function* (
  parameters: Partial<ToolParameters<"send_message">> = {},
  values: Partial<CallValues> = {},
) {
  const tool = call("send_message", { session_id: here, message: "Do it", ...parameters })
  const fiber = yield* Effect.flatMap(Call, (call) =>
    Effect.forkChild(Effect.provideService(tool, Call, { ...call, ...values })),
  )
  yield* pass(500)
  return fiber
})

describe("send_message", () => {
  it.effect("returns the outcome and the agent's text", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending({ agent: "build", model: "scripted/small" })
      assert.deepInclude(fake.prompts[0], { agent: "build", model: { providerID: "scripted", modelID: "small" } })
      finishAnswer(fake, "All done.")
      yield* pass(500)
      const { text, view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, { outcome: "completed", text: "All done.", session_id: here })
      assert.include(text, "All done.")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect.each([
    ["agent", { agent: "nope" }, "build"],
    ["model", { model: "nope/nope" }, "scripted/small"],
    ["model", { model: "small" }, "scripted/small"],
  ] as const)("rejects an unknown %s (%o) before anything is sent, and lists the known ones", (row) =>
    Effect.gen(function* () {
      const [name, parameters, known] = row
      const fake = yield* withMain
      const error = String(yield* Effect.flip(Fiber.join(yield* sending(parameters))))
      assert.include(error, `${name} "`)
      assert.include(error, known)
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("with a message_id that was sent before says so, and sends nothing", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.answerWith(() => "Done")
      yield* call("send_message", { session_id: here, message: "Do it", message_id: "msg_mine" })
      const { text, view } = yield* call("send_message", {
        session_id: here,
        message: "Do it",
        message_id: "msg_mine",
        async: true,
      })
      assert.deepInclude(view, { outcome: "completed", message_id: "msg_mine", text: "Done" })
      assert.include(text, "nothing was sent")
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect.each(["mine", "msg_", "msg_a/../b", `msg_${"x".repeat(121)}`])("refuses the message_id %s", (message_id) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const error = String(yield* Effect.flip(Fiber.join(yield* sending({ message_id }))))
      assert.include(error, "msg_")
      assert.include(error, "Nothing was sent")
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("does not offer agents that cannot answer a prompt", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.agents = [
        { name: "build", mode: "primary" },
        { name: "explore", mode: "subagent" },
      ]
      yield* Effect.flip(Fiber.join(yield* sending({ agent: "explore" })))
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("sends a megabyte of any script unchanged", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const message = '„Grüße" \u{1F600} \\ \n\t日本語 עברית '.repeat(30_000)
      yield* sending({ message, async: true })
      yield* pass(6000)
      assert.strictEqual(fake.prompts[0]?.text, message)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("with async returns once opencode has the message, with the way to follow it", () =>
    Effect.gen(function* () {
      yield* withMain
      const { text, view } = yield* Fiber.join(yield* sending({ async: true }))
      assert.strictEqual(view.outcome, "accepted")
      assert.include(text, "wait_for_session")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("with async rejects a busy session by default", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      const error = yield* Effect.flip(Fiber.join(yield* sending({ async: true })))
      assert.include(String(error), "The message was not sent")
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("returns before 50 s if the client does not follow progress", () =>
    Effect.gen(function* () {
      yield* withMain
      const fiber = yield* sending({}, { answerWithin: Duration.seconds(47) })
      yield* pass(46_000)
      assert.isUndefined(fiber.pollUnsafe())
      yield* pass(3000)
      assert.isDefined(fiber.pollUnsafe())
      const { text, view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.outcome, "still running")
      assert.include(text, "Do not send the message again")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("waits longer for a caller that is not an MCP client", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      yield* pass(200_000, 200)
      assert.isUndefined(fiber.pollUnsafe())
      finishAnswer(fake, "Late.")
      yield* pass(500)
      assert.deepInclude((yield* Fiber.join(fiber)).view, { outcome: "completed", text: "Late." })
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("shows what a person has to decide", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      fake.questions = [question("1")]
      fake.emit(event.questioned(question("1")))
      yield* pass(500)
      const { text } = yield* Fiber.join(fiber)
      assert.include(text, "**needs answer**")
      assert.include(text, "Which colour?")
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("get_status", () => {
  it.effect("shows the sessions that are not idle, and counts the others", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.sessions.push(session("asking"), session("child", { parentID: here }))
      fake.statuses.set(here, { type: "retry", attempt: 2, message: "overloaded", next: 4000 })
      fake.statuses.set(ses("asking"), { type: "busy" })
      fake.permissions = [permission("1", ses("asking"))]
      const { text, view } = yield* call("get_status", {})
      assert.strictEqual(view.idle_count, 2)
      assert.include(text, "2 sessions active, 2 idle")
      assert.include(text, "attempt 2 failed: overloaded; next in 4 s")
      assert.include(text, "**waiting** (`permission for bash: rm -rf build`")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("reports that nothing is running, even if an abort left requests behind", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.permissions = [permission("1")]
      const { text } = yield* call("get_status", {})
      assert.include(text, "nothing is running; 2 sessions idle")
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("abort_session", () => {
  it.effect("stops the turn and dismisses its requests and those of its subagents", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.sessions.push(session("child", { parentID: here }))
      makeBusy(fake)
      fake.permissions = [
        permission("1"),
        permission("2"),
        permission("3", ses("child")),
        permission("4", ses("other")),
      ]
      fake.questions = [question("1")]
      const { text, view } = yield* call("abort_session", { session_id: here })
      assert.isTrue(view.was_running)
      assert.deepStrictEqual(fake.aborts, [here])
      assert.deepStrictEqual(fake.permissions, [permission("4", ses("other"))])
      assert.deepStrictEqual(fake.questions, [])
      assert.include(text, "was stopped")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("says how many messages of this server are sent next", () =>
    Effect.gen(function* () {
      yield* withMain
      yield* Effect.forEach(["First", "Second", "Third"], (message) => sending({ message }))
      const aborting = yield* Effect.forkChild(call("abort_session", { session_id: here }))
      yield* pass(5000)
      const { text, view } = yield* Fiber.join(aborting)
      assert.isTrue(view.was_running)
      assert.strictEqual(view.queued_count, 2)
      assert.include(text, "2 messages that waited for the end of that turn are sent now")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("reports that nothing was running", () =>
    Effect.gen(function* () {
      yield* withMain
      const { text, view } = yield* call("abort_session", { session_id: "Session main" })
      assert.isFalse(view.was_running)
      assert.include(text, "Nothing was running")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is not sent for a session that does not exist", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* Effect.flip(call("abort_session", { session_id: "x/../../instance/dispose" }))
      assert.deepStrictEqual(
        fake.requests.filter(({ route }) => route.startsWith("POST")),
        [],
      )
    }).pipe(Effect.provide(toolsOverFake)),
  )
})
