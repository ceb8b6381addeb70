/**
 * The signals that ask this program to end, for a command that ends in its own order. While the scope lives nobody else
 * hears them, and what cannot be written to a terminal that is gone is no reason to stop half-way.
 */
import { Effect, Queue, Stream } from "effect"
import type { StopSignal } from "../../connect/connect.ts"

const signals: ReadonlyArray<StopSignal> = ["SIGINT", "SIGTERM", "SIGHUP"]

const ignore = () => {}

export const takeStopSignals = Effect.gen(function* () {
  const taken = yield* Queue.unbounded<StopSignal>()
  const listener = (signal: NodeJS.Signals) => {
    const ending = signals.find((each) => each === signal)
    if (ending !== undefined) Queue.offerUnsafe(taken, ending)
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const before = signals.map((signal) => [signal, process.listeners(signal)] as const)
      for (const signal of signals) process.removeAllListeners(signal).on(signal, listener)
      for (const stream of [process.stdout, process.stderr]) stream.on("error", ignore)
      return before
    }),
    (before) =>
      Effect.sync(() => {
        for (const [signal, listeners] of before) {
          process.off(signal, listener)
          for (const each of listeners) process.on(signal, each)
        }
      }),
  )
  return Stream.fromQueue(taken)
})
