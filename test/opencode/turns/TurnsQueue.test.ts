import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { turnView } from "../../../src/tools/turns/turnView.ts"
import { overFake, pass, target } from "../../support/overFake.ts"
import { finishAnswer, makeBusy, makeIdle } from "../../support/play.ts"
import { assistant, done, event, msg, textPart, user } from "../../support/samples.ts"
import { onlooker, pending, sending, starting, texts, withMain } from "./sending.ts"

/** A send with this text, and what its caller was shown. */
const standing = Effect.fnUntraced(function* (text: string) {
  const { observe, seen } = onlooker()
  return { seen, fiber: yield* sending({ text, observe }) }
})

describe("The queue of a session", () => {
  it.effect("tells each caller its own place as the line gets shorter, and keeps the order", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const calls = yield* Effect.forEach(["one", "two", "three"], standing)
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

  it.effect("moves those behind up when one in the middle gives up", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const [one, two, three, four] = yield* Effect.all(
        [standing("one"), standing("two"), standing("three"), standing("four")],
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

  it.effect("goes on behind one whose turn is given up while it runs, once that turn is over", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const one = yield* standing("one")
      const two = yield* standing("two")
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

  it.effect("is not disturbed by those who do not wait", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const one = yield* standing("one")
      const two = yield* standing("two")
      const three = yield* standing("three")
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

  it.effect("goes on behind one that could not be sent", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { onPrompt } = fake
      fake.onPrompt = () => {
        fake.onPrompt = onPrompt
        fake.emit(event.error({ kind: "failed", message: "Agent not found" }))
      }
      const one = yield* standing("one")
      const two = yield* standing("two")
      yield* pass(8000)
      assert.strictEqual((yield* Fiber.join(one.fiber)).outcome._tag, "failed")
      finishAnswer(fake, "Second")
      yield* pass(500)
      assert.strictEqual((yield* Fiber.join(two.fiber)).outcome._tag, "completed")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("waits as a whole for a turn that was begun elsewhere", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      const one = yield* standing("one")
      const two = yield* standing("two")
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
  it.effect("is told with the message that was answered; the one that was handed in is answered itself", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const first = yield* sending({ text: "first" })
      const steered = yield* sending({ text: "second", ifBusy: "steer" })
      finishAnswer(fake, "To the second")
      yield* pass(8000)
      const ids = fake.prompts.map(({ messageID }) => messageID)
      const views = [yield* Fiber.join(first), yield* Fiber.join(steered)].map(({ outcome, turn }) =>
        turnView(target, turn, outcome),
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

  it.effect(
    "that somebody else handed in between two steps: the turn ends with what it has, and names that message",
    () =>
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
        assert.deepInclude(turnView(target, turn, outcome), {
          outcome: "completed",
          text: "First I look",
          answered_message_id: theirs.info.id,
        })
        assert.include(turnView(target, turn, outcome).detail, "another message came in between")
      }).pipe(Effect.provide(overFake)),
  )
})
