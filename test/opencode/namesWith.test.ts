import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { leaveOut, nothingUnreadable } from "../../src/opencode/Unreadable.ts"
import { namesWith } from "../../src/opencode/namesWith.ts"

/** A list that becomes complete with the given reading. */
const completeAt = (reading: number) => {
  let readings = 0
  return {
    names: Effect.sync(() => (++readings < reading ? [] : ["a", "b"])),
    readings: () => readings,
  }
}

const known = { names: ["a", "b"], unreadable: nothingUnreadable }

describe("The names that an opencode offers", () => {
  it.effect("are read once if the wanted one is there, or if they are complete from the start", () =>
    Effect.gen(function* () {
      const complete = completeAt(1)
      assert.deepStrictEqual(yield* namesWith(complete.names, "a", { namesSettleAfter: "2 seconds" }), known)
      assert.deepStrictEqual(yield* namesWith(complete.names, "missing", {}), known)
      assert.strictEqual(complete.readings(), 2)
    }),
  )

  it.effect("are read again while the wanted one may still be added", () =>
    Effect.gen(function* () {
      const loading = completeAt(3)
      const found = yield* Effect.forkChild(namesWith(loading.names, "b", { namesSettleAfter: "2 seconds" }))
      yield* TestClock.adjust("400 millis")
      assert.deepStrictEqual(yield* Fiber.join(found), known)
      assert.strictEqual(loading.readings(), 3)
      const missing = yield* Effect.forkChild(namesWith(loading.names, "c", { namesSettleAfter: "2 seconds" }))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.join(missing), known)
    }),
  )

  it.effect("come with the number of those that are not understood, however often they are read", () =>
    Effect.gen(function* () {
      const names = Effect.as(leaveOut("agent", 1), ["a"])
      const reading = yield* Effect.forkChild(namesWith(names, "b", { namesSettleAfter: "2 seconds" }))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual([...(yield* Fiber.join(reading)).unreadable], [["agent", 1]])
    }),
  )
})
