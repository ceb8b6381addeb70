/** Keeps a connection to another machine: it is opened again with a growing pause whenever it is lost. */
import { Effect, Schedule } from "effect"
import { wakeUp } from "../wakeUp.ts"

/** Milliseconds. A connection that lasted this long resets the reconnect backoff. */
export const backoffResetAfter = 30_000

/** 1, 2, 4 … 60 s, each ±20 %, so that the instances of a fleet do not reconnect to their relay at the same moment. */
const backoff = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("60 seconds")]).pipe(Schedule.jittered)

interface KeptConnection<E, R> {
  /** Opens the connection and uses it until it is lost. */
  readonly connection: Effect.Effect<never, E, R>
  /** Runs when it was lost or could not be opened. Returns whether it lasted long enough to reset the backoff. */
  readonly onLost: (error: E) => Effect.Effect<boolean>
  /** Runs before the connection is opened again because this machine was asleep. */
  readonly onWakeUp: Effect.Effect<void>
}

/** Never ends. Interrupting it closes the connection. */
export const keepConnected = <E, R>({ connection, onLost, onWakeUp }: KeptConnection<E, R>) => {
  /** Ends when a long connection is lost, so that the caller starts again with the shortest pause. */
  const connectWithBackoff = connection.pipe(
    Effect.catch((error) => Effect.flatMap(onLost(error), (resets) => (resets ? Effect.void : Effect.fail(error)))),
    Effect.retry(backoff),
    Effect.andThen(Effect.sleep("1 second")),
  )
  // Connections from before the sleep are most likely dead.
  return Effect.raceFirst(connectWithBackoff, Effect.andThen(wakeUp, onWakeUp)).pipe(Effect.forever)
}
