/** Builds the answer of get_status: the sessions of an instance that are not idle. */
import { Clock, Effect } from "effect"
import { detailedActivities, inNewestDirectories } from "../../opencode/sessions/activity.ts"
import { countingUnreadable } from "../../opencode/Unreadable.ts"
import type { Opencode } from "../../opencode/Opencode.ts"
import { iso } from "../shared/time.ts"
import type { StatusView } from "./sessionSchemas.ts"
import { sessionView } from "./sessionView.ts"

/** Maximum number of directories that are checked, the most recently used ones. */
const maxDirectories = 20

export const instanceStatus = Effect.fnUntraced(function* (
  instance: string,
  health: string,
  opencode: Opencode,
  offset = 0,
) {
  const {
    result: { active, checked, sessions },
    unreadable,
  } = yield* countingUnreadable(
    Effect.gen(function* () {
      const sessions = yield* opencode.sessions
      const checked = inNewestDirectories(sessions, maxDirectories)
      return { sessions, checked, active: yield* detailedActivities(opencode, checked) }
    }),
  )
  const now = yield* Clock.currentTimeMillis
  const shown = checked
    .flatMap((session) => {
      const activity = active.get(session.id)
      return activity === undefined ? [] : [sessionView(now, session, activity)]
    })
    .slice(offset)
  return {
    instance,
    as_of: iso(now),
    health,
    active_count: active.size,
    active: shown,
    ...(offset === 0 ? {} : { offset }),
    idle_count: checked.length - active.size,
    ...(sessions.length === checked.length ? {} : { unchecked_count: sessions.length - checked.length }),
    ...(unreadable === 0 ? {} : { unreadable_count: unreadable }),
  } satisfies StatusView
})
