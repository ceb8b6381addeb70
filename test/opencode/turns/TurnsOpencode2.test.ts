/** Turns of opencode 2, where they need more than those of opencode 1. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { Turns } from "../../../src/opencode/turns/Turns.ts"
import { here, permission } from "../../../src/testing/samples.ts"
import { pass } from "../../support/overFake.ts"
import { overFake2, target2 } from "../../support/overFake2.ts"
import { storeAnswer } from "../../support/play.ts"
import { main, withMain } from "./sending.ts"

const hour = 60 * 60_000

/** A person who never decides. */
const thinking = () => Effect.never

const sending = Effect.gen(function* () {
  const turns = yield* Turns
  const target = yield* target2
  const send = turns.send(target, main, { text: "Do it", ifBusy: "wait", timeout: "1 day", decide: thinking })
  const fiber = yield* Effect.forkChild(send)
  yield* pass(1000)
  return fiber
})

describe("A turn of opencode 2", () => {
  it.effect("that waits for a person is kept awake while it is followed, without changing the session's metadata", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.sessionMetadata.set(here, { own: "kept" })
      const fiber = yield* sending
      fake.permissions = [permission("1")]
      const updates = () => fake.requests.filter(({ route }) => route === `PATCH /api/session/${here}`).length
      yield* pass(hour / 4)
      assert.strictEqual(updates(), 0)
      yield* pass(hour)
      assert.isAtLeast(updates(), 3)
      assert.deepStrictEqual(fake.sessionMetadata.get(here), { own: "kept" })
      yield* Fiber.interrupt(fiber)
      const before = updates()
      yield* pass(2 * hour)
      assert.strictEqual(updates(), before)
    }).pipe(Effect.provide(overFake2)),
  )

  // opencode ends the stream regularly after 4096 events that were not read.
  it.effect("is followed to its end when opencode ends the event stream in the middle of it", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending
      for (const end of fake.connections) end()
      storeAnswer(fake, "Unheard")
      yield* pass(5000)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual([outcome, Turn.text(turn)], [{ _tag: "completed" }, "Unheard"])
    }).pipe(Effect.provide(overFake2)),
  )
})
