/** The edge between the SDK's promises and Effect's fibers. */
import type { Effect, Fiber } from "effect"

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
    const fiber = fork(effect)
    const interrupt = () => fiber.interruptUnsafe()
    signal.addEventListener("abort", interrupt)
    if (signal.aborted) interrupt()
    fiber.addObserver((exit) => {
      signal.removeEventListener("abort", interrupt)
      if (exit._tag === "Success") resolve(exit.value)
      else reject(new Error("the call was cancelled"))
    })
  })
