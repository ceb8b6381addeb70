/**
 * The timeout of a request. It counts from the connection, and only time in which this process waited for opencode: not while
 * a large body keeps coming, nor while it is parsed. On a busy machine, an answer may have been waiting for longer than the
 * timeout.
 */
import { Context, Effect, Schema } from "effect"

/** No answer within the timeout. */
export class NoAnswer extends Schema.TaggedError<NoAnswer>()("NoAnswer", {
  /** False if there was not even a connection, so the request cannot have arrived. */
  isConnected: Schema.Boolean,
}) {}

/** What a request is doing. `received`: bytes of its answer's body so far; `arrived`: it has the whole answer. */
type Progress = "connecting" | "connected" | "arrived" | { readonly received: number }

/** A transport that can tell reports here. */
export const OnProgress = Context.Reference<(progress: Progress) => void>("opencode-fleet/opencode/OnProgress", {
  defaultValue: () => () => undefined,
})

/** A timer that fires late counts as one slice, however long this process was busy. */
const slices = 4

/**
 * Bytes of a body in one slice for which that slice does not count. More than a small answer has, so that a probe always ends
 * in time, and few enough for a slow link.
 */
const steadyBytes = 128 * 1024

/** Connecting may take `timeout`, and then the answer. In milliseconds. */
export const withTimeout =
  (timeout: number) =>
  <A, E, R>(request: Effect.Effect<A, E, R>): Effect.Effect<A, E | NoAnswer, R> =>
    Effect.suspend(() => {
      // As long as the transport says nothing else.
      let phase: Exclude<Progress, object> = "connected"
      let received = 0
      const expired = (connecting: number, answering: number): Effect.Effect<never, NoAnswer> => {
        if (connecting === slices || answering === slices) {
          return Effect.suspend(() => new NoAnswer({ isConnected: phase !== "connecting" }))
        }
        const before = received
        return Effect.flatMap(Effect.sleep(timeout / slices), () => {
          if (phase === "connecting") return expired(connecting + 1, answering)
          const counts = phase === "connected" && received - before < steadyBytes
          return expired(connecting, counts ? answering + 1 : answering)
        })
      }
      const noted = Effect.provideService(request, OnProgress, (progress) => {
        if (typeof progress === "object") {
          received = progress.received
          return
        }
        if (progress === "connecting") received = 0
        phase = progress
      })
      return Effect.raceFirst(noted, expired(0, 0))
    })
