import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { connectionsWithin } from "../../../src/machine/maxConnections.ts"
import { OnConnection, withTimeout } from "../../../src/opencode/http/withTimeout.ts"

/** A request that gets a connection after this time, and never an answer. */
const connectsAfter = (milliseconds: number) =>
  Effect.gen(function* () {
    const onConnection = yield* OnConnection
    onConnection(false)
    yield* Effect.sleep(milliseconds)
    onConnection(true)
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

describe("The number of connections", () => {
  const MiB = 1024 * 1024
  it.effect.each([
    { descriptors: 1_048_576, memory: 4288, most: 2048 },
    { descriptors: 256, memory: 4288, most: 80 },
    { descriptors: 1_048_576, memory: 256, most: 96 },
    { descriptors: 64, memory: 128, most: 16 },
  ])("with $descriptors descriptors and $memory MiB is at most $most", ({ descriptors, memory, most }) =>
    Effect.sync(() => assert.strictEqual(connectionsWithin(descriptors, memory * MiB), most)),
  )
})
