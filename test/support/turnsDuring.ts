/** Whether long work leaves time for everything else. */
import { Deferred, Effect, Fiber } from "effect"

/** How often another fiber had its turn while `work` was running. */
export const turnsDuring = Effect.fnUntraced(function* <A, E, R>(work: Effect.Effect<A, E, R>) {
  const begun = yield* Deferred.make<void>()
  let turns = 0
  const other = yield* Effect.forkChild(
    Effect.andThen(
      Deferred.succeed(begun, undefined),
      Effect.forever(
        Effect.andThen(
          Effect.sync(() => turns++),
          Effect.yieldNow,
        ),
      ),
    ),
  )
  yield* Deferred.await(begun)
  const before = turns
  const result = yield* work
  const during = turns - before
  yield* Fiber.interrupt(other)
  return { result, during }
})
