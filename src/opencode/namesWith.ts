/** Reads the agents, models or commands of a directory, which opencode 2 loads after the first request about it. */
import { Duration, Effect, Schedule } from "effect"
import type { ClientError } from "./errors.ts"
import type { Capabilities } from "./Opencode.ts"
import { countingUnreadable } from "./Unreadable.ts"

const pause = Duration.millis(200)

/** Reads again while the answer is not complete and may still become so ({@link Capabilities}). */
export const whileNamesSettle = <A, E, R>(
  read: Effect.Effect<A, E, R>,
  isComplete: (answer: A) => boolean,
  { namesSettleAfter = 0 }: Pick<Capabilities, "namesSettleAfter">,
) =>
  Effect.repeat(read, {
    until: isComplete,
    schedule: Schedule.spaced(pause),
    times: Math.ceil(Duration.toMillis(namesSettleAfter) / Duration.toMillis(pause)),
  })

/** The names, read again while `wanted` is missing, and what the last answer contained besides. */
export const namesWith = (
  names: Effect.Effect<ReadonlyArray<string>, ClientError>,
  wanted: string,
  capabilities: Pick<Capabilities, "namesSettleAfter">,
) =>
  whileNamesSettle(countingUnreadable(names), ({ result }) => result.includes(wanted), capabilities).pipe(
    Effect.map(({ result, unreadable }) => ({ names: result, unreadable })),
  )
