/** Reads the agents or models of a directory in order to find one of them. */
import { Duration, Effect, Schedule } from "effect"
import type { ClientError } from "./errors.ts"
import type { Capabilities } from "./Opencode.ts"
import { countingUnreadable } from "./Unreadable.ts"

const pause = Duration.millis(200)

/**
 * The names, which are read again while `wanted` is missing and may still be added ({@link Capabilities}), and what the last
 * answer contained besides.
 */
export const namesWith = (
  names: Effect.Effect<ReadonlyArray<string>, ClientError>,
  wanted: string,
  { namesSettleAfter = 0 }: Pick<Capabilities, "namesSettleAfter">,
) =>
  Effect.repeat(countingUnreadable(names), {
    until: ({ result }) => result.includes(wanted),
    schedule: Schedule.spaced(pause),
    times: Math.ceil(Duration.toMillis(namesSettleAfter) / Duration.toMillis(pause)),
  }).pipe(Effect.map(({ result, unreadable }) => ({ names: result, unreadable })))
