/** How many calls a session and a caller may have waiting at once, so that no caller keeps the others from calling. */
import { errorResult } from "../callResult.ts"
import type { Backend } from "../toolServers.ts"
import { makeShares, type Shares } from "./shares.ts"

const maxCallsOfSession = 64

/** Of all its sessions, and of requests without a session: a quarter of the endpoint's. */
const maxCallsOfCaller = 512

type Answer = ReturnType<Backend["call"]>

/** A call beyond the limit is answered at once. */
const within = async (shares: Shares, user: string, what: string, run: () => Answer): Answer => {
  if (!shares.take(user)) {
    return errorResult(
      "too many calls",
      `${what} already has ${shares.limit} calls waiting, which is the most. Wait until one of them has ended.`,
    ).result
  }
  return run().finally(() => shares.release(user))
}

export const makeCallBounds = () => {
  const sessions = makeShares(maxCallsOfSession)
  const callers = makeShares(maxCallsOfCaller)
  return (caller: string, session: string | undefined, run: () => Answer): Answer =>
    within(callers, caller, "This caller (all its clients together)", () =>
      session === undefined ? run() : within(sessions, session, "This session", run),
    )
}
