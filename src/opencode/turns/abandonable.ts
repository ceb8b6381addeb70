/** Runs code that a caller passes in, so that it can hold up neither an outcome nor an interruption. */
import { Effect, Fiber } from "effect"

/**
 * Runs `effect` in a fiber of its own and waits for its result. When the waiting is interrupted, the fiber is
 * interrupted too, but nothing waits for it to stop: an effect that cannot be interrupted is left behind.
 */
export const abandonable = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(Effect.forkDetach(effect, { startImmediately: true }), Fiber.join, (fiber) =>
    Effect.sync(() => fiber.interruptUnsafe()),
  )
