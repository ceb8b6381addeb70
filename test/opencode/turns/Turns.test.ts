import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer, makeBusy, makeIdle } from "../../support/play.ts"
import { event, permission, session, ses, here } from "../../../src/testing/samples.ts"
import { eachStage, pending, promptRoute, sending, starting, withMain } from "./sending.ts"

describe("Turns.send", () => {
  it.effect("sends the prompt, follows the turn and reports the agent's text", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending({ agent: "plan", model: "acme/big" })
      assert.deepInclude(fake.prompts[0], {
        session: here,
        text: "Do it",
        agent: "plan",
        model: { providerID: "acme", modelID: "big" },
      })
      beginAnswer(fake, "Hel")
      yield* pass(1000)
      pending(fiber)
      finishAnswer(fake, "Hello")
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcome, { _tag: "completed" })
      assert.strictEqual(Turn.text(turn), "Hello")
      assert.strictEqual(turn.prompt, fake.prompts[0]?.messageID)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("subscribes to events before it sends", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      // The whole turn ends before the POST is answered.
      fake.onPrompt = (prompt) => {
        fake.take(prompt)
        finishAnswer(fake, "At once", prompt)
      }
      const { outcome, turn } = yield* Fiber.join(yield* sending())
      assert.strictEqual(outcome._tag, "completed")
      assert.strictEqual(Turn.text(turn), "At once")
      const routes = fake.requests.map(({ route }) => route)
      assert.isBelow(routes.indexOf("GET /global/event"), routes.indexOf(promptRoute))
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("publishes the turn as it grows, and the queue position until then", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      const seen: Array<string> = []
      const observe = eachStage((stage) =>
        Effect.sync(() => {
          const text = stage._tag === "Queued" ? `${stage.turnsAhead} ahead` : Turn.text(stage.turn)
          if (seen.length === 0 || seen.at(-1) !== text) seen.push(text)
        }),
      )
      const fiber = yield* sending({ observe })
      makeIdle(fake)
      yield* pass(500)
      beginAnswer(fake, "Hel")
      yield* pass(500)
      finishAnswer(fake, "Hello")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen, ["1 ahead", "", "Hel", "Hello"])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports `still running` when the call times out, and does not stop the turn", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending({ timeout: 30_000 })
      beginAnswer(fake, "Working")
      yield* pass(29_000)
      pending(fiber)
      yield* pass(2000)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.strictEqual(outcome._tag, "still running")
      assert.strictEqual(Turn.text(turn), "Working")
      assert.deepStrictEqual(fake.aborts, [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("returns with a permission that the turn waits for, including a subagent's", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      const asked = permission("1", ses("child"))
      fake.permissions = [asked]
      fake.emit(event.created(session("child", { parentID: here })), event.asked(asked))
      yield* pass(200)
      const { outcome } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcome, { _tag: "needs permission", request: asked })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("fails the turn with opencode's message when the agent is unknown", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.onPrompt = () => {
        fake.emit(event.error({ kind: "failed", message: 'Agent not found: "nope"' }))
        fake.emit(event.error({ kind: "failed", message: "at stack trace" }))
      }
      const fiber = yield* sending({ agent: "nope" })
      yield* pass(8000)
      assert.deepStrictEqual((yield* Fiber.join(fiber)).outcome, { _tag: "failed", detail: 'Agent not found: "nope"' })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("does not take a previous turn's idle event for its own end", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.onPrompt = () => undefined
      const fiber = yield* sending()
      fake.emit(...event.idle())
      yield* pass(1000)
      pending(fiber)
      const prompt = fake.prompts[0]
      if (prompt !== undefined) fake.take(prompt)
      finishAnswer(fake, "Late")
      yield* pass(1000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "completed")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("closes the event stream and does not abort the turn when it is interrupted", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      assert.strictEqual(fake.connections.size, 1)
      yield* Fiber.interrupt(fiber)
      yield* pass(70_000)
      assert.strictEqual(fake.connections.size, 0)
      assert.deepStrictEqual(fake.aborts, [])
      assert.strictEqual(fake.prompts.length, 1)
    }).pipe(Effect.provide(overFake)),
  )
})

describe("Turns.start", () => {
  it.effect("returns as soon as opencode shows that it has the message", () =>
    Effect.gen(function* () {
      yield* withMain
      const { outcome } = yield* Fiber.join(yield* starting())
      assert.strictEqual(outcome._tag, "still running")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports a message that opencode refused", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.onPrompt = () => fake.emit(event.error({ kind: "failed", message: "Agent not found" }))
      const fiber = yield* starting()
      yield* pass(8000)
      assert.deepStrictEqual((yield* Fiber.join(fiber)).outcome, { _tag: "failed", detail: "Agent not found" })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("does not wait forever for opencode to show the message", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.onPrompt = () => undefined
      const fiber = yield* starting()
      yield* pass(6000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "still running")
    }).pipe(Effect.provide(overFake)),
  )
})
