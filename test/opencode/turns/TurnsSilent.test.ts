/** Events that never come: a caller waits for them for about 20 s at most. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Ref } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { beginAnswer, storeAnswer } from "../../support/play.ts"
import { event, permission, ses } from "../../../src/testing/samples.ts"
import { eachStage, pending, sending, withMain } from "./sending.ts"

/** Milliseconds. Longer than the connection takes to settle, because the stored state is read then, too. */
const settled = 1000

describe("A turn without events", () => {
  it.effect("is found to have ended", () =>
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

  it.effect("is found to have ended while events of other sessions keep coming", () =>
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

  it.effect("is found to be waiting for a person", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      yield* pass(settled)
      fake.permissions = [permission("1")]
      yield* pass(21_000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "needs permission")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is found to be waiting for the provider, and still followed", () =>
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

  it.effect("is not read more often than every 20 s", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* sending()
      beginAnswer(fake, "Thinking")
      yield* pass(settled)
      const before = fake.requests.length
      yield* pass(120_000, 240)
      // Six reads of status, messages, permissions and questions.
      assert.isAtMost(fake.requests.length - before, 6 * 4)
    }).pipe(Effect.provide(overFake)),
  )
})
