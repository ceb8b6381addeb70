import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { connectionsWithin } from "../../../src/machine/maxConnections.ts"
import { OnProgress, withTimeout } from "../../../src/opencode/http/withTimeout.ts"

/** A request that gets a connection after this time, and never an answer. */
const connectsAfter = (milliseconds: number) =>
  Effect.gen(function* () {
    const onProgress = yield* OnProgress
    onProgress("connecting")
    yield* Effect.sleep(milliseconds)
    onProgress("connected")
    return yield* Effect.never
  })

const expires = Effect.fnUntraced(function* (request: Effect.Effect<never>, at: number) {
  const fiber = yield* Effect.forkChild(Effect.flip(withTimeout(4000)(request)))
  yield* TestClock.adjust(at - 1)
  assert.isUndefined(fiber.pollUnsafe(), "it gave up too early")
  yield* TestClock.adjust(1)
  return yield* Fiber.join(fiber)
})

describe("The timeout of a request", () => {
  it.effect("counts from the start with a transport that reports no connection", () =>
    Effect.map(expires(Effect.never, 4000), ({ isConnected }) => assert.isTrue(isConnected)),
  )

  it.effect("counts from the connection", () =>
    Effect.map(expires(connectsAfter(2500), 6000), ({ isConnected }) => assert.isTrue(isConnected)),
  )

  it.effect("holds for connecting, too", () =>
    Effect.map(expires(connectsAfter(60_000), 4000), ({ isConnected }) => assert.isFalse(isConnected)),
  )
})

/** A request whose body arrives with this many bytes a second, for this time, and is then parsed for as long. */
const receives = (bytesPerSecond: number, seconds: number) =>
  Effect.gen(function* () {
    const onProgress = yield* OnProgress
    onProgress("connected")
    for (let second = 1; second <= seconds; second++) {
      yield* Effect.sleep("1 second")
      onProgress({ received: second * bytesPerSecond })
    }
    onProgress("arrived")
    yield* Effect.sleep(seconds * 1000)
    return "done"
  })

const MiB = 1024 * 1024

describe("The timeout of a large answer", () => {
  it.effect("does not count while the body keeps coming, nor while it is parsed", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(withTimeout(4000)(receives(MiB / 4, 60)))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* Fiber.join(fiber), "done")
    }),
  )

  it.effect("counts while the body trickles, so that a probe always ends in time", () =>
    expires(Effect.andThen(receives(1024, 60), Effect.never), 4000),
  )

  it.effect("counts from the last part of a body that stops coming", () =>
    Effect.gen(function* () {
      const stops = Effect.gen(function* () {
        const onProgress = yield* OnProgress
        onProgress("connected")
        for (let second = 1; second <= 20; second++) {
          yield* Effect.sleep("999 millis")
          onProgress({ received: second * MiB })
        }
        return yield* Effect.never
      })
      yield* expires(stops, 24_000)
    }),
  )

  it.effect("counts anew for a request that is repeated", () =>
    Effect.gen(function* () {
      const repeated = Effect.gen(function* () {
        const onProgress = yield* OnProgress
        yield* receives(MiB, 10)
        yield* Effect.sleep("500 millis")
        onProgress("connecting")
        return yield* Effect.never
      })
      const { isConnected } = yield* expires(repeated, 24_000)
      assert.isFalse(isConnected)
    }),
  )
})

describe("The number of connections", () => {
  it.effect.each([
    { descriptors: 1_048_576, memory: 4288, most: 2048 },
    { descriptors: 256, memory: 4288, most: 80 },
    { descriptors: 1_048_576, memory: 256, most: 96 },
    { descriptors: 64, memory: 128, most: 16 },
  ])("with $descriptors descriptors and $memory MiB is at most $most", ({ descriptors, memory, most }) =>
    Effect.sync(() => assert.strictEqual(connectionsWithin(descriptors, memory * MiB), most)),
  )
})
