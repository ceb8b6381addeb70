/** Builds the answer of get_status: the sessions of an instance that are not idle. */
import { Clock, Effect } from "effect"
import type { Instance } from "../../fleet/Instance.ts"
import { collectingBroken } from "../../opencode/sessions/BrokenDirectories.ts"
import { detailedActivities } from "../../opencode/sessions/activity.ts"
import { countingUnreadable } from "../../opencode/Unreadable.ts"
import type { Opencode } from "../../opencode/Opencode.ts"
import { unreadableView } from "../shared/unreadable.ts"
import { iso } from "../shared/time.ts"
import { checkedSessions } from "./checkedSessions.ts"
import type { StatusView } from "./sessionSchemas.ts"
import { brokenView } from "./brokenView.ts"
import { sessionView } from "./sessionView.ts"

export const instanceStatus = Effect.fnUntraced(function* (
  instance: Instance,
  instances: ReadonlyArray<Instance>,
  opencode: Opencode,
  offset = 0,
) {
  const now = yield* Clock.currentTimeMillis
  const {
    result: {
      result: { active, checked, sessions },
      broken,
    },
    unreadable,
  } = yield* countingUnreadable(
    collectingBroken(
      Effect.gen(function* () {
        const { checked, sessions } = yield* checkedSessions(instance, instances, opencode, now)
        return { sessions, checked, active: yield* detailedActivities(opencode, checked) }
      }),
    ),
  )
  const refused = new Set(broken.map(({ directory }) => directory))
  const shown = checked
    .flatMap((session) => {
      const activity = active.get(session.id)
      return activity === undefined ? [] : [sessionView(now, session, activity)]
    })
    .slice(offset)
  return {
    instance: instance.name,
    as_of: iso(now),
    health: instance.health.state,
    active_count: active.size,
    active: shown,
    ...(offset === 0 ? {} : { offset }),
    idle_count: checked.filter(({ directory }) => !refused.has(directory)).length - active.size,
    ...(sessions.length === checked.length ? {} : { unchecked_count: sessions.length - checked.length }),
    ...brokenView(broken),
    ...unreadableView(unreadable, instance.health.version, "Something may wait there for a person."),
  } satisfies StatusView
})
