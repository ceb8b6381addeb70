/** Messages with an id of the caller's own on opencode 1, which does not recognise a repeated prompt. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { assistant, done, here, msg, ses, user } from "../../../src/testing/samples.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { finishAnswer } from "../../support/play.ts"
import { promptRoute, sending, starting, texts, withMain } from "./sending.ts"

const messageID = msg("own-1")

describe("A message with an id of the caller's own", () => {
  it.effect("is sent under that id, and a repeated call returns the outcome and sends nothing", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const first = yield* sending({ messageID })
      assert.strictEqual(fake.prompts[0]?.messageID, messageID)
      finishAnswer(fake, "Done")
      yield* pass(1000)
      const again = yield* sending({ messageID })
      const later = yield* starting({ messageID })
      yield* pass(5000)
      const reports = [yield* Fiber.join(first), yield* Fiber.join(again), yield* Fiber.join(later)]
      assert.deepStrictEqual(
        reports.map(({ outcome, repeated, turn }) => [outcome._tag, Turn.text(turn), repeated]),
        [
          ["completed", "Done", false],
          ["completed", "Done", true],
          ["completed", "Done", true],
        ],
      )
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(["wait", "steer", "fail"] as const)("is followed if its turn is running (%s)", (ifBusy) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const first = yield* sending({ messageID })
      const again = yield* sending({ messageID, ifBusy })
      yield* pass(1000)
      finishAnswer(fake, "Done")
      yield* pass(5000)
      for (const fiber of [first, again]) assert.strictEqual(Turn.text((yield* Fiber.join(fiber)).turn), "Done")
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is sent once by two calls at the same moment, although opencode stores it late", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.onPrompt = () => undefined
      const first = yield* sending({ messageID, ifBusy: "steer" })
      const second = yield* sending({ messageID, ifBusy: "steer" })
      const prompt = fake.prompts[0]
      if (prompt === undefined) return assert.fail("nothing was sent")
      fake.take(prompt)
      finishAnswer(fake, "Done", prompt)
      yield* pass(5000)
      for (const fiber of [first, second]) assert.strictEqual(Turn.text((yield* Fiber.join(fiber)).turn), "Done")
      assert.deepStrictEqual(yield* texts, ["Do it"])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("can be sent again if it did not arrive", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail(promptRoute, Fault.lost, 1)
      const lost = yield* sending({ messageID })
      yield* pass(40_000)
      assert.strictEqual((yield* Effect.flip(Fiber.join(lost)))._tag, "EffectUncertain")
      const again = yield* sending({ messageID })
      finishAnswer(fake, "Done")
      yield* pass(1000)
      assert.strictEqual((yield* Fiber.join(again)).outcome._tag, "completed")
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each([
    ["an answer", here, assistant(messageID, msg("u"), done())],
    ["a message of another session", ses("second"), user(messageID, "Theirs", ses("second"))],
  ] as const)("is refused if it is the id of %s", ([, session, info]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.store(session, "parts" in info ? info : { info, parts: [] })
      const error = yield* Effect.flip(Fiber.join(yield* sending({ messageID })))
      assert.strictEqual(error._tag, "MessageIdUnusable")
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(overFake)),
  )
})
