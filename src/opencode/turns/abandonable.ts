/** Runs code that a caller passes in, without letting it delay an outcome or an interruption. */
import { Effect, Fiber } from "effect"

/**
 * Runs `effect` in a fiber of its own and waits for its result. An interruption is passed on to the fiber but does not
 * wait for it to stop, so an uninterruptible effect is left behind.
 */
export const abandonable = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(Effect.forkDetach(effect, { startImmediately: true }), Fiber.join, (fiber) =>
    Effect.sync(() => fiber.interruptUnsafe()),
  )
