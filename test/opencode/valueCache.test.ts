import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { makeValueCache } from "../../src/opencode/valueCache.ts"

interface Key {
  readonly server: { readonly url: string }
  readonly id: number
}

const key = (id: number): Key => ({ server: { url: "http://127.0.0.1:4096" }, id })

/** A cache whose values are the number of the lookup. */
const counting = (capacity = 3) =>
  Effect.gen(function* () {
    let lookups = 0
    const get = yield* makeValueCache((_key: Key) => Effect.sync(() => ++lookups), { capacity, timeToLive: "1 minute" })
    return { get: (id: number) => get(key(id)), lookups: () => lookups }
  })

const collectGarbage = Effect.sync(() => {
  setFlagsFromString("--expose-gc")
  runInNewContext("gc")()
})

describe("A value cache", () => {
  it.effect("returns the value of an equal key until its time is over", () =>
    Effect.gen(function* () {
      const { get } = yield* counting()
      assert.deepStrictEqual([yield* get(1), yield* get(1), yield* get(2)], [1, 1, 2])
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(yield* get(1), 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* get(1), 3)
    }),
  )

  it.effect("drops the oldest values beyond its capacity", () =>
    Effect.gen(function* () {
      const { get, lookups } = yield* counting()
      yield* Effect.forEach([1, 2, 3, 4], get)
      assert.deepStrictEqual([yield* get(2), yield* get(3), yield* get(4)], [2, 3, 4])
      assert.strictEqual(lookups(), 4)
      assert.strictEqual(yield* get(1), 5)
    }),
  )

  it.effect("looks a key up once for calls at the same time", () =>
    Effect.gen(function* () {
      const open = yield* Deferred.make<void>()
      let lookups = 0
      const get = yield* makeValueCache(
        (_key: Key) =>
          Effect.as(
            Effect.tap(Deferred.await(open), () => Effect.sync(() => lookups++)),
            "value",
          ),
        { capacity: 3, timeToLive: "1 minute" },
      )
      const calls = yield* Effect.forEach([1, 1, 1], (id) => Effect.forkChild(get(key(id)), { startImmediately: true }))
      yield* Deferred.succeed(open, undefined)
      assert.deepStrictEqual(yield* Effect.forEach(calls, Fiber.join), ["value", "value", "value"])
      assert.strictEqual(lookups, 1)
    }),
  )

  it.effect("does not keep failures", () =>
    Effect.gen(function* () {
      let lookups = 0
      const get = yield* makeValueCache(
        (_key: Key) => Effect.suspend(() => (++lookups === 1 ? Effect.fail("no") : Effect.succeed("yes"))),
        {
          capacity: 3,
          timeToLive: "1 minute",
        },
      )
      assert.strictEqual(yield* Effect.flip(get(key(1))), "no")
      assert.strictEqual(yield* get(key(1)), "yes")
    }),
  )

  it.live("does not keep the calls that filled it", () =>
    Effect.gen(function* () {
      const { get } = yield* counting(1000)
      const ask = (id: number) => {
        const request = { id }
        const call = Effect.fn("call")(function* () {
          return yield* get(request.id)
        })
        // A stack trace holds its functions, and each function the variables around it.
        const handle = () => call()
        return Effect.as(handle(), new WeakRef(request))
      }
      const requests = yield* Effect.forEach(Array.from({ length: 100 }).keys(), ask)
      yield* Effect.sleep("10 millis")
      yield* collectGarbage
      // The running fiber may still hold the last one.
      assert.isAtMost(requests.filter((request) => request.deref() !== undefined).length, 5)
    }),
  )
})
