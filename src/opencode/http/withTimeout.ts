/**
 * The timeout of a request. It counts from the connection, and only time in which this process could have taken note of an
 * answer: on a busy machine, an answer may have been waiting for longer than the timeout.
 */
import { Context, Effect, Schema } from "effect"

/** No answer within the timeout. */
export class NoAnswer extends Schema.TaggedError<NoAnswer>()("NoAnswer", {
  /** False if there was not even a connection, so the request cannot have arrived. */
  isConnected: Schema.Boolean,
}) {}

/** A transport that can tell reports here that it is connecting, and that it is connected. */
export const OnConnection = Context.Reference<(isConnected: boolean) => void>("opencode-fleet/opencode/OnConnection", {
  defaultValue: () => () => undefined,
})

/** A timer that fires late counts as one slice, however long this process was busy. */
const slices = 4

/** Connecting may take `timeout`, and then the answer. In milliseconds. */
export const withTimeout =
  (timeout: number) =>
  <A, E, R>(request: Effect.Effect<A, E, R>): Effect.Effect<A, E | NoAnswer, R> =>
    Effect.suspend(() => {
      // As long as the transport says nothing else.
      let isConnected = true
      const expired = Effect.gen(function* () {
        let connecting = 0
        let answering = 0
        while (connecting < slices && answering < slices) {
          yield* Effect.sleep(timeout / slices)
          if (isConnected) answering++
          else connecting++
        }
        return yield* new NoAnswer({ isConnected })
      })
      const noted = Effect.provideService(request, OnConnection, (is: boolean) => {
        isConnected = is
      })
      return Effect.raceFirst(noted, expired)
    })
