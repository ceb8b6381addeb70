/** The handler of wait_for_sessions. */
import { Effect } from "effect"
import { Call } from "../../mcp/Call.ts"
import { setCheckpoint } from "../tasks/checkpoint.ts"
import type { FollowerOptions } from "../turns/follower.ts"
import { makeReadBusySessions } from "./busySessions.ts"
import { makeWaitForSessions } from "./followSessions.ts"
import { ManyTools } from "./ManyTools.ts"
import { manySessionsView } from "./manyView.ts"

export const manyHandlers = Effect.fnUntraced(function* (options: FollowerOptions) {
  const wait = yield* makeWaitForSessions(options)
  const busy = yield* makeReadBusySessions
  return ManyTools.of({
    wait_for_sessions: Effect.fnUntraced(function* ({ sessions = [], until = "all" }) {
      // The sessions do not fit into the id of a task. After a restart the call can be repeated.
      yield* setCheckpoint(yield* Call, undefined)
      if (sessions.length > 0) return manySessionsView(yield* wait(sessions, { until }))
      const { sessions: found, unchecked } = yield* busy
      return manySessionsView(yield* wait(found, { until }), unchecked)
    }),
  })
})
