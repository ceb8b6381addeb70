/** Which other server of the same user may be running a turn that this one reports as not running. */
import type { DatabaseUser } from "../../machine/DatabaseUsers.ts"
import type { Elsewhere } from "./Session.ts"

/** Milliseconds. The precision of the start time of a process. */
const startPrecision = 2000

/** A turn that is stored without an end. Times are epoch milliseconds. */
export interface OpenTurn {
  /** When it last stored something. */
  readonly since: number
  /** When it counts as over if it stores nothing more. */
  readonly until: number
}

/**
 * Undefined if the turn is over: no server can be running it, so its own was stopped. `others` are the other servers of the
 * user, undefined if they cannot be found out.
 */
export const elsewhereAmong = (
  others: ReadonlyArray<DatabaseUser> | undefined,
  { since, until }: OpenTurn,
): Elsewhere | undefined => {
  if (others === undefined) return { until }
  const running = others.find(({ startedAt }) => startedAt <= since + startPrecision)
  return running === undefined ? undefined : { until, pid: running.pid }
}
