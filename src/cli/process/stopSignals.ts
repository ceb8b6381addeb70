/**
 * Takes the signals that ask this program to end, for a command that shuts down in its own order. Until the scope closes,
 * no other listener receives them, and failed writes to a closed terminal are ignored.
 */
import { Effect, Queue, Stream } from "effect"
import type { StopSignal } from "../../connect/connect.ts"

const signals: ReadonlyArray<StopSignal> = ["SIGINT", "SIGTERM", "SIGHUP"]

const ignore = () => {}

export const takeStopSignals = Effect.gen(function* () {
  const queue = yield* Queue.unbounded<StopSignal>()
  const listener = (signal: NodeJS.Signals) => {
    const stopSignal = signals.find((each) => each === signal)
    if (stopSignal !== undefined) Queue.offerUnsafe(queue, stopSignal)
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
  return Stream.fromQueue(queue)
})
