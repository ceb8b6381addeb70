/** Another server that was killed right after it had sent a message: its claim is gone before opencode shows its turn. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { SessionClaims } from "../../../src/machine/SessionClaims.ts"
import { here, msg } from "../../../src/testing/samples.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { sending, withMain } from "./sending.ts"

const itsMessage = { session: here, messageID: msg("other"), text: "Of a server that was killed" }

describe("A claim that another server has lost", () => {
  it.effect("is followed by a second look: no message reaches the turn that is about to show", () => {
    let tries = 0
    let showItsTurn: Effect.Effect<void> = Effect.void
    const claims = SessionClaims.of({
      claim: () =>
        Effect.gen(function* () {
          tries++
          if (tries === 1) return "taken"
          if (tries === 2) yield* Effect.forkDetach(Effect.delay(showItsTurn, "50 millis"))
          return { release: Effect.void }
        }),
      problem: Effect.undefined,
    })
    return Effect.gen(function* () {
      const fake = yield* withMain
      showItsTurn = Effect.sync(() => fake.take(itsMessage))
      fake.answerWith(({ text }) => text.toUpperCase())
      const fiber = yield* sending()
      yield* pass(2000)
      assert.deepStrictEqual(fake.prompts, [])
      fake.complete(itsMessage, "Done")
      yield* pass(2000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "completed")
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(Layer.fresh(overFake)), Effect.provideService(SessionClaims, claims))
  })
})
