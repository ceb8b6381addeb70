/** A message that waits for its session, and whose client goes away. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch } from "effect"
import { here } from "../../../src/testing/samples.ts"
import { toolsOverFake } from "../../support/fleetOver.ts"
import { pass } from "../../support/overFake.ts"
import { finishAnswer, makeBusy, makeIdle } from "../../support/play.ts"
import { calling, withMain } from "../requests/askingClient.ts"

const sendingTo = (clientGone: Effect.Effect<void>, parameters: { readonly async?: true } = {}) =>
  calling("send_message", { session_id: here, message: "Continue", if_busy: "wait", ...parameters }, { clientGone })

describe("A message whose client goes away", () => {
  it.effect.each([{}, { async: true }] as const)("is not sent if it still waits for its session (%o)", (parameters) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      const gone = yield* Latch.make()
      const fiber = yield* sendingTo(gone.await, parameters)
      yield* pass(1000)
      yield* gone.open
      yield* pass(1000)
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.include(String(error), "not sent")
      assert.include(String(error), "the client's connection was lost while the message waited")
      makeIdle(fake)
      yield* pass(10_000)
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is followed to its end once it is sent", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const gone = yield* Latch.make()
      const fiber = yield* sendingTo(gone.await)
      yield* pass(1000)
      yield* gone.open
      yield* pass(1000)
      finishAnswer(fake, "Done.")
      yield* pass(1000)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )
})
