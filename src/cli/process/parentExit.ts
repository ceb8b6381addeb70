/** Ends when the client has exited. */
import { Effect, Schedule } from "effect"

/** How often to check. DESIGN: an orphan ends within a second. */
const interval = "300 millis"

export const parentExit = (hasExited: () => boolean) =>
  Effect.sync(hasExited).pipe(
    Effect.repeat({ until: (exited) => exited, schedule: Schedule.spaced(interval) }),
    Effect.andThen(Effect.logDebug("the process that started this server has exited")),
  )
