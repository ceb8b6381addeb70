import { assert, describe, it } from "@effect/vitest"
import { Array, Effect, Fiber } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { turnView } from "../../../src/tools/turns/turnView.ts"
import { overFake, pass, target } from "../../support/overFake.ts"
import { finishAnswer, makeBusy, makeIdle } from "../../support/play.ts"
import { assistant, done, event, msg, textPart, user } from "../../../src/testing/samples.ts"
import { recordingObserver, pending, sending, starting, texts, withMain } from "./sending.ts"

/** A send with this text, and what its observer has seen. */
const sendingObserved = Effect.fnUntraced(function* (text: string) {
  const { observe, seen } = recordingObserver()
  return { seen, fiber: yield* sending({ text, observe }) }
})

describe("The queue of a session", () => {
  it.effect("reports each caller's position as it gets shorter, and keeps the order", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const calls = yield* Effect.forEach(["one", "two", "three"], sendingObserved)
      for (const { fiber } of calls) {
        yield* pass(20_000)
        finishAnswer(fake, `Answer to ${fake.prompts.at(-1)?.text}`)
        yield* pass(500)
        assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "completed")
      }
      assert.deepStrictEqual(yield* texts, ["one", "two", "three"])
      assert.deepStrictEqual(
        calls.map(({ seen }) => seen),
        [
          ["1 ahead", "", "Answer to one"],
          ["1 ahead", "", "Answer to two"],
          ["2 ahead", "1 ahead", "", "Answer to three"],
        ],
      )
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("moves later messages up when one in the middle is interrupted", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const [one, two, three, four] = yield* Effect.all(
        [sendingObserved("one"), sendingObserved("two"), sendingObserved("three"), sendingObserved("four")],
        { concurrency: 1 },
      )
      yield* Fiber.interrupt(two.fiber)
      yield* pass(500)
      assert.deepStrictEqual(three.seen, ["2 ahead", "1 ahead"])
      assert.deepStrictEqual(four.seen, ["3 ahead", "2 ahead"])
      for (const { fiber } of [one, three, four]) {
        finishAnswer(fake, "Done")
        yield* pass(500)
        yield* Fiber.join(fiber)
      }
      assert.deepStrictEqual(yield* texts, ["one", "three", "four"])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("asks opencode whether a person is needed once for all messages that wait", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const reads = Effect.fnUntraced(function* (waiting: number) {
        const calls = yield* Effect.forEach(Array.makeBy(waiting, String), (text) => sending({ text }))
        yield* pass(500)
        const before = fake.count("GET /permission")
        yield* pass(20_000)
        yield* Effect.forEach(calls, Fiber.interrupt)
        yield* pass(500)
        return fake.count("GET /permission") - before
      })
      makeBusy(fake)
      const one = yield* reads(2)
      assert.isAbove(one, 0)
      assert.strictEqual(yield* reads(10), one)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("continues after a turn whose caller was interrupted, once that turn has ended", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const one = yield* sendingObserved("one")
      const two = yield* sendingObserved("two")
      yield* Fiber.interrupt(one.fiber)
      yield* pass(20_000)
      assert.deepStrictEqual(yield* texts, ["one"])
      finishAnswer(fake, "Nobody waits for this")
      yield* pass(500)
      finishAnswer(fake, "Second")
      yield* pass(500)
      assert.strictEqual(Turn.text((yield* Fiber.join(two.fiber)).turn), "Second")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is not changed by messages that do not wait", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const one = yield* sendingObserved("one")
      const two = yield* sendingObserved("two")
      const three = yield* sendingObserved("three")
      for (const refused of [yield* sending({ text: "no", ifBusy: "fail" }), yield* starting({ text: "neither" })]) {
        assert.strictEqual((yield* Effect.flip(Fiber.join(refused)))._tag, "SessionBusy")
      }
      assert.deepStrictEqual(two.seen, ["1 ahead"])
      assert.deepStrictEqual(three.seen, ["2 ahead"])
      for (const { fiber } of [one, two, three]) {
        finishAnswer(fake, "Done")
        yield* pass(500)
        yield* Fiber.join(fiber)
      }
      assert.deepStrictEqual(yield* texts, ["one", "two", "three"])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("continues after a message that could not be sent", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { onPrompt } = fake
      fake.onPrompt = () => {
        fake.onPrompt = onPrompt
        fake.emit(event.error({ kind: "failed", message: "Agent not found" }))
      }
      const one = yield* sendingObserved("one")
      const two = yield* sendingObserved("two")
      yield* pass(8000)
      assert.strictEqual((yield* Fiber.join(one.fiber)).outcome._tag, "failed")
      finishAnswer(fake, "Second")
      yield* pass(500)
      assert.strictEqual((yield* Fiber.join(two.fiber)).outcome._tag, "completed")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("waits for a turn that was started elsewhere", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      const one = yield* sendingObserved("one")
      const two = yield* sendingObserved("two")
      yield* pass(20_000)
      assert.deepStrictEqual(yield* texts, [])
      pending(two.fiber)
      assert.deepStrictEqual([one.seen, two.seen], [["1 ahead"], ["2 ahead"]])
      makeIdle(fake)
      yield* pass(500)
      assert.deepStrictEqual(yield* texts, ["one"])
      finishAnswer(fake, "First")
      yield* pass(500)
      yield* Fiber.join(one.fiber)
      assert.deepStrictEqual(yield* texts, ["one", "two"])
      assert.deepStrictEqual(two.seen, ["2 ahead", "1 ahead", ""])
    }).pipe(Effect.provide(overFake)),
  )
})

describe("A message that opencode answers together with another", () => {
  it.effect("names the answered message; the steering message is answered itself", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const first = yield* sending({ text: "first" })
      const steered = yield* sending({ text: "second", ifBusy: "steer" })
      finishAnswer(fake, "To the second")
      yield* pass(8000)
      const ids = fake.prompts.map(({ messageID }) => messageID)
      const views = [yield* Fiber.join(first), yield* Fiber.join(steered)].map(({ outcome, turn }) =>
        turnView(target, { turn, outcome }),
      )
      assert.deepStrictEqual(
        views.map((view) => [view.outcome, view.text, view.message_id, view.answered_message_id]),
        [
          ["completed", "To the second", ids[0], ids[1]],
          ["completed", "To the second", ids[1], undefined],
        ],
      )
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("that arrived between two steps: the turn ends with what it has, and names that message", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      const prompt = fake.prompts[0]
      if (prompt === undefined) return assert.fail("nothing was sent")
      const step = assistant(msg("step"), prompt.messageID, done("tool-calls"))
      const theirs = user(msg("theirs"), "By hand")
      const toTheirs = assistant(msg("toTheirs"), theirs.info.id, done())
      fake.store(prompt.session, { info: step, parts: [textPart(step.id, "First I look")] })
      fake.emit(event.message(step), event.part(textPart(step.id, "First I look")))
      fake.store(prompt.session, theirs)
      fake.emit(event.message(theirs.info))
      fake.store(prompt.session, { info: toTheirs, parts: [textPart(toTheirs.id, "To the hand")] })
      fake.emit(event.message(toTheirs), event.part(textPart(toTheirs.id, "To the hand")))
      makeIdle(fake)
      yield* pass(3000)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepInclude(turnView(target, { turn, outcome }), {
        outcome: "completed",
        text: "First I look\n\nTo the hand",
        answered_message_id: theirs.info.id,
      })
      assert.include(
        turnView(target, { turn, outcome }).detail,
        "opencode answered it together with a message that arrived after it",
      )
    }).pipe(Effect.provide(overFake)),
  )
})
