/** Events that never come, and what is done about it: nobody may wait for them for longer than about 20 s. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Ref } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { beginAnswer, storeAnswer } from "../../support/play.ts"
import { event, permission, ses } from "../../support/samples.ts"
import { eachStage, pending, sending, withMain } from "./sending.ts"

/** Longer than it takes until the connection counts as settled, which is an occasion to look as well. */
const settled = 1000

describe("A turn that is heard of no more", () => {
  it.effect("is found to be over", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      yield* pass(settled)
      storeAnswer(fake, "Unheard")
      yield* pass(21_000)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual([outcome, Turn.text(turn)], [{ _tag: "completed" }, "Unheard"])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is found to be over also while others are heard of all the time", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      yield* pass(settled)
      storeAnswer(fake, "Unheard")
      for (let second = 0; second < 22; second++) {
        fake.emit(event.busy(ses("second")))
        yield* pass(1000)
      }
      assert.strictEqual(Turn.text((yield* Fiber.join(fiber)).turn), "Unheard")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is found to wait for a person", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      yield* pass(settled)
      fake.permissions = [permission("1")]
      yield* pass(21_000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "needs permission")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is found to wait for the provider, and is followed on", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const status = yield* Ref.make("")
      const observe = eachStage((stage) =>
        stage._tag === "Following" ? Ref.set(status, stage.turn.status.type) : Effect.void,
      )
      const fiber = yield* sending({ observe })
      yield* pass(settled)
      const [prompt] = fake.prompts
      if (prompt === undefined) return assert.fail("nothing was sent")
      fake.statuses.set(prompt.session, { type: "retry", attempt: 1, message: "overloaded", next: 60_000 })
      assert.strictEqual(yield* Ref.get(status), "busy")
      yield* pass(21_000)
      assert.strictEqual(yield* Ref.get(status), "retry")
      pending(fiber)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is not asked about again and again", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* sending()
      beginAnswer(fake, "Thinking")
      yield* pass(settled)
      const before = fake.requests.length
      yield* pass(120_000, 240)
      // Six looks, each of which asks for status, messages, permissions and questions.
      assert.isAtMost(fake.requests.length - before, 6 * 4)
    }).pipe(Effect.provide(overFake)),
  )
})
