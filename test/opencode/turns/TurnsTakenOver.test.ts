/** Another server that was killed right after it had sent a message: its claim is gone before opencode shows its turn, and so is nothing else. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { SessionClaims } from "../../../src/machine/SessionClaims.ts"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { here, msg } from "../../../src/testing/samples.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { sending, withMain } from "./sending.ts"

/** Until it is known what became of the message of its last holder. */
const abandoned = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    let abandoned: Effect.Effect<void> | undefined = Effect.sync(() => void (abandoned = undefined))
    const claim = () => Effect.sync(() => ({ release: Effect.void, abandoned }))
    return Effect.provideService(effect, SessionClaims, { claim, problem: Effect.undefined })
  })

const itsMessage = { session: here, messageID: msg("other"), text: "Of a server that was killed" }

/** The turn of the killed server's message shows and ends. Nothing is sent before. */
const waitsForItsTurn = Effect.fnUntraced(function* (fake: FakeState) {
  fake.take(itsMessage)
  yield* pass(2000)
  assert.deepStrictEqual(fake.prompts, [])
  fake.complete(itsMessage, "Done")
  yield* pass(2000)
})

describe("A claim that another server has abandoned", () => {
  it.effect("is followed by a closer look: no message reaches the turn that is about to show", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.answerWith(({ text }) => text.toUpperCase())
      const fiber = yield* sending()
      yield* pass(3000)
      yield* waitsForItsTurn(fake)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "completed")
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(Layer.fresh(overFake)), abandoned),
  )

  it.effect("is looked at again by the next message, if the first one was cancelled meanwhile", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.answerWith(({ text }) => text.toUpperCase())
      const cancelled = yield* sending()
      yield* pass(1000)
      yield* Fiber.interrupt(cancelled)
      const fiber = yield* sending()
      yield* pass(2000)
      yield* waitsForItsTurn(fake)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "completed")
    }).pipe(Effect.provide(Layer.fresh(overFake)), abandoned),
  )

  it.effect("delays the message by 5 s if nothing shows", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.answerWith(({ text }) => text.toUpperCase())
      const fiber = yield* sending()
      yield* pass(4000)
      assert.deepStrictEqual(fake.prompts, [])
      yield* pass(2000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "completed")
    }).pipe(Effect.provide(Layer.fresh(overFake)), abandoned),
  )
})

describe("The claim of a message that opencode has taken", () => {
  it.effect("holds until the turn shows, although opencode cannot be read for a moment", () => {
    let isHeld = false
    const claims = Effect.provideService(SessionClaims, {
      claim: () =>
        Effect.sync(() => {
          isHeld = true
          return { release: Effect.sync(() => void (isHeld = false)), abandoned: undefined }
        }),
      problem: Effect.undefined,
    })
    return Effect.gen(function* () {
      const fake = yield* withMain
      fake.onPrompt = (prompt) => {
        fake.fail("GET /session/status", Fault.refused, 6)
        return prompt
      }
      const fiber = yield* sending()
      yield* pass(3000)
      assert.isTrue(isHeld)
      const [prompt] = fake.prompts
      assert.isDefined(prompt)
      fake.take(prompt)
      yield* pass(2000)
      assert.isFalse(isHeld)
      fake.complete(prompt, "Done")
      yield* pass(2000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "completed")
    }).pipe(Effect.provide(Layer.fresh(overFake)), claims)
  })
})
