import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { AssistantInfo } from "../../../src/opencode/sessions/Message.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer, storeAnswer } from "../../support/play.ts"
import {
  aborted,
  assistant,
  completedTool,
  done,
  event,
  failedWith,
  here,
  msg,
  permission,
  session,
  textPart,
  toolPart,
  user,
} from "../../../src/testing/samples.ts"
import { joining, recordingObserver, pending, sending, withMain } from "./sending.ts"

/** A message that a person has typed into opencode's terminal. */
const byHand = { session: here, messageID: msg("hand"), text: "By hand" }
const answer = msg("answer")

/** A session with one turn, which has ended. */
const withOldTurn = (fake: FakeState, given: Partial<AssistantInfo>, text: string) => {
  const info = assistant(answer, byHand.messageID, given)
  fake.messages.set(here, [user(byHand.messageID), { info, parts: [textPart(answer, text)] }])
}

const ends = [
  ["completed", done(), { _tag: "completed" }],
  ["failed", failedWith({ kind: "failed", message: "bad key" }), { _tag: "failed", detail: "bad key" }],
  ["aborted", failedWith(aborted), { _tag: "aborted" }],
] as const

describe("Turns.follow", () => {
  it.effect("joins a turn that was started elsewhere: missed text is marked, and complete at the end", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.take(byHand)
      beginAnswer(fake, "Once upon", byHand)
      const { observe, seen } = recordingObserver()
      const fiber = yield* joining({ observe })
      fake.emit(event.delta(textPart(msg("answer_hand"), ""), " a time"))
      yield* pass(20_000)
      fake.emit(event.delta(textPart(msg("answer_hand"), ""), " there was"))
      yield* pass(20_000)
      pending(fiber)
      finishAnswer(fake, "Once upon a time there was nothing.", byHand)
      yield* pass(500)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcome, { _tag: "completed" })
      assert.strictEqual(turn.prompt, byHand.messageID)
      assert.deepStrictEqual(seen, ["[…]", "[…] a time", "[…] a time there was", "Once upon a time there was nothing."])
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(ends)("reports immediately how the last turn of an idle session ended: %s", ([, given, outcome]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      withOldTurn(fake, given, "Long ago")
      // The test clock is not adjusted from here on.
      const report = yield* Fiber.join(yield* joining())
      assert.deepStrictEqual(report.outcome, outcome)
      assert.strictEqual(Turn.text(report.turn), "Long ago")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports the last turn that was answered if a plugin has stored a note since", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      withOldTurn(fake, done(), "Long ago")
      fake.store(here, user(msg("note"), "A note of a plugin"))
      const fiber = yield* joining()
      yield* pass(10_000)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.strictEqual(outcome._tag, "completed")
      assert.include("detail" in outcome ? outcome.detail : "", "msg_note")
      assert.strictEqual(Turn.text(turn), "Long ago")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("does not take a command that a person ran in the terminal for the last turn", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      withOldTurn(fake, done(), "Long ago")
      const command = user(msg("command"), "The following tool was executed by the user")
      fake.store(here, { ...command, parts: command.parts.map((part) => ({ ...part, synthetic: true })) })
      const result = assistant(msg("result"), msg("command"), { time: { created: 1, completed: 2 } })
      fake.store(here, { info: result, parts: [toolPart(result.id, completedTool("hi"))] })
      const { outcome, turn } = yield* Fiber.join(yield* joining())
      assert.deepStrictEqual(outcome, { _tag: "completed" })
      assert.strictEqual(Turn.text(turn), "Long ago")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("says that the session's directory is gone if opencode broke off the turn", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.missingDirectories.add("/work/project")
      withOldTurn(fake, {}, "")
      const fiber = yield* joining()
      yield* pass(10_000)
      const { outcome } = yield* Fiber.join(fiber)
      const detail = "the session's directory does not exist any more: /work/project"
      assert.deepStrictEqual(outcome, { _tag: "failed", detail })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("says that the provider is asked again, with reason and time, when it stops waiting", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.take(byHand)
      beginAnswer(fake, "", byHand)
      fake.statuses.set(here, { type: "retry", attempt: 2, message: "Too many requests", next: 3_600_000 })
      const fiber = yield* joining({ timeout: 10_000 })
      yield* pass(12_000)
      const { outcome } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcome, {
        _tag: "still running",
        detail:
          "the model's provider failed (attempt 2): Too many requests; opencode tries again at 1970-01-01T01:00:00.000Z",
      })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("follows the turn of the given message, not the last one", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      withOldTurn(fake, done(), "Long ago")
      fake.store(here, user(msg("later")))
      fake.store(here, {
        info: assistant(msg("newer"), msg("later"), done()),
        parts: [textPart(msg("newer"), "Just now")],
      })
      const { turn } = yield* Fiber.join(yield* joining({ prompt: byHand.messageID }))
      assert.strictEqual(Turn.text(turn), "Long ago")
      assert.strictEqual(Turn.text((yield* Fiber.join(yield* joining())).turn), "Just now")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each([1, 30])("follows the last message that was not undone, with %i undone after it", (undone) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      withOldTurn(fake, done(), "Long ago")
      for (let index = 0; index < undone; index++) {
        const id = msg(`undone${index}`)
        const info = assistant(msg(`answer${index}`), id, done())
        fake.store(here, user(id))
        fake.store(here, { info, parts: [textPart(info.id, "Never mind")] })
      }
      const reverted = session("main", { undoneFrom: msg("undone0") })
      const { outcome, turn } = yield* Fiber.join(yield* joining({}, reverted))
      assert.strictEqual(turn.prompt, byHand.messageID)
      assert.deepStrictEqual([outcome._tag, Turn.text(turn)], ["completed", "Long ago"])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("fails with NoTurn in a session without a message", () =>
    Effect.gen(function* () {
      yield* withMain
      assert.strictEqual((yield* Effect.flip(Fiber.join(yield* joining())))._tag, "NoTurn")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports within seconds that the last message was never answered", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.messages.set(here, [user(byHand.messageID)])
      const fiber = yield* joining()
      yield* pass(3000)
      const { outcome } = yield* Fiber.join(fiber)
      assert.deepInclude(outcome, { _tag: "failed" })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports within seconds that the last answer was never completed, with what is lost", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      withOldTurn(fake, {}, "")
      const fiber = yield* joining()
      yield* pass(3000)
      const { outcome } = yield* Fiber.join(fiber)
      assert.strictEqual(outcome._tag, "interrupted")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("runs `first` only when nothing that it causes can be missed", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.take(byHand)
      const connections: Array<number> = []
      const first = Effect.sync(() => {
        connections.push(fake.connections.size)
        finishAnswer(fake, "Because of it", byHand)
      })
      const { turn } = yield* Fiber.join(yield* joining({ first }))
      assert.deepStrictEqual(connections, [1])
      assert.strictEqual(Turn.text(turn), "Because of it")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports the text so far when the call times out, and does not stop the turn", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.take(byHand)
      const fiber = yield* joining({ timeout: 30_000 })
      beginAnswer(fake, "Once upon", byHand)
      yield* pass(29_000)
      pending(fiber)
      yield* pass(2000)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcome, { _tag: "still running" })
      assert.strictEqual(Turn.text(turn), "Once upon")
      assert.deepStrictEqual(fake.aborts, [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports the turn's end if it ended unheard just before the timeout", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.take(byHand)
      const fiber = yield* joining({ timeout: 30_000 })
      yield* pass(29_000)
      storeAnswer(fake, "Just in time", byHand)
      yield* pass(1500)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcome, { _tag: "completed" })
      assert.strictEqual(Turn.text(turn), "Just in time")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports what the turn waits for when the call times out before the person decides", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.take(byHand)
      const asked = permission("1")
      fake.permissions = [asked]
      const fiber = yield* joining({ timeout: 30_000, decide: () => Effect.never })
      yield* pass(29_000)
      pending(fiber)
      yield* pass(2000)
      assert.deepStrictEqual((yield* Fiber.join(fiber)).outcome, { _tag: "needs permission", request: asked })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("does not join the session's queue: it reports what the sender reports", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const sender = yield* sending()
      const [one, two] = [yield* joining(), yield* joining()]
      beginAnswer(fake, "Hel")
      yield* pass(500)
      finishAnswer(fake, "Hello")
      yield* pass(500)
      for (const { outcome, turn } of [yield* Fiber.join(sender), yield* Fiber.join(one), yield* Fiber.join(two)]) {
        assert.deepStrictEqual([outcome._tag, Turn.text(turn)], ["completed", "Hello"])
      }
      assert.strictEqual(fake.count("GET /global/event"), 1)
    }).pipe(Effect.provide(overFake)),
  )
})
