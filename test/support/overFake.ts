/** The services of one opencode over the fake, and helpers for their tests. */
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { InstanceEvents } from "../../src/opencode/events/InstanceEvents.ts"
import { DatabaseUsers } from "../../src/machine/DatabaseUsers.ts"
import { MessageCounts } from "../../src/opencode/sessions/MessageCounts.ts"
import { OpencodeClient } from "../../src/opencode/Opencode.ts"
import * as OpencodeV1 from "../../src/opencode/v1/OpencodeV1.ts"
import type { Target } from "../../src/opencode/Target.ts"
import { Turns } from "../../src/opencode/turns/Turns.ts"
import { FakeOpencode } from "../../src/testing/FakeOpencode.ts"

export const target: Target = { instance: "fake", url: "http://fake.test:4096", credentials: undefined }

/** No process of this machine serves the fake. */
const noProcesses = Layer.succeed(DatabaseUsers, {
  besides: () => Effect.undefined,
  listener: () => Effect.undefined,
  besidesListener: () => Effect.undefined,
})

export const overFake = Layer.mergeAll(Turns.layer, MessageCounts.layer, noProcesses).pipe(
  Layer.provideMerge(InstanceEvents.layer),
  Layer.provideMerge(OpencodeV1.layer),
  Layer.provide(FakeOpencode.layerHttpClient),
  Layer.provideMerge(FakeOpencode.layer),
)

export const opencode = Effect.map(OpencodeClient, (client) => client.at(target))

/** Advances test time in steps, because each step may start something that waits again. */
export const pass = (milliseconds: number, steps = 20) =>
  Effect.forEach(Array.from({ length: steps }), () => TestClock.adjust(milliseconds / steps), { discard: true })

/** Runs an effect while test time passes. */
export const whilePassing = <A, E, R>(milliseconds: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* pass(milliseconds)
    return yield* Fiber.join(fiber)
  })
