/** Keeps a silent turn running while it is followed: opencode 2 stops a turn after an hour without news. */
import { Clock, Duration, Effect } from "effect"
import type { Opencode } from "../Opencode.ts"
import type { Session } from "../sessions/Session.ts"

/** How often a turn is kept awake within the time after which opencode would stop it. */
const times = 3

const afterFailure = "1 minute"

/** `lastEvent`: when the last event of the turn arrived, in epoch milliseconds. Never ends. */
export const keepAwake = Effect.fnUntraced(function* (
  opencode: Opencode,
  session: Session,
  limit: Duration.Input,
  lastEvent: () => number,
): Effect.fn.Return<never> {
  const interval = Duration.toMillis(limit) / times
  let awake = yield* Clock.currentTimeMillis
  while (true) {
    const due = Math.max(awake, lastEvent()) + interval - (yield* Clock.currentTimeMillis)
    if (due > 0) yield* Effect.sleep(due)
    else if (yield* Effect.isSuccess(opencode.keepAwake(session.id))) awake = yield* Clock.currentTimeMillis
    else yield* Effect.sleep(afterFailure)
  }
})
