/** The edge between the SDK's promises and Effect's fibers. */
import type { Effect, Fiber } from "effect"

const cancelled = () => new Error("the call was cancelled")

/**
 * Runs an effect as a fiber that the signal interrupts. Rejects only after an interruption, when the client has cancelled the
 * call or disconnected and receives no answer.
 */
export const runAsPromise = <A, R>(
  fork: (effect: Effect.Effect<A, never, R>) => Fiber.Fiber<A>,
  signal: AbortSignal,
  effect: Effect.Effect<A, never, R>,
): Promise<A> =>
  new Promise((resolve, reject) => {
    // A call may be cancelled while it waits for its backend. Its effect must not even start.
    if (signal.aborted) return reject(cancelled())
    const fiber = fork(effect)
    const interrupt = () => fiber.interruptUnsafe()
    signal.addEventListener("abort", interrupt)
    fiber.addObserver((exit) => {
      signal.removeEventListener("abort", interrupt)
      if (exit._tag === "Success") resolve(exit.value)
      else reject(cancelled())
    })
  })
