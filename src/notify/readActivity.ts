/** What is going on at an instance, for when its events have been missed. */
import { Clock, Duration, Effect } from "effect"
import { isHome } from "../fleet/homes.ts"
import type { Instance } from "../fleet/Instance.ts"
import { activities, worthAsking } from "../opencode/sessions/activity.ts"
import { collectingBroken } from "../opencode/sessions/BrokenDirectories.ts"
import type { Opencode } from "../opencode/Opencode.ts"
import { countingUnreadable } from "../opencode/Unreadable.ts"

/** Older sessions are left out, because a request about a directory makes opencode load it. */
const maxSessionAge = Duration.toMillis(Duration.weeks(1))

/** Maximum number of sessions that are considered, newest first. */
const maxSessions = 200

/** Maximum number of directories that are asked about, where opencode has to load each. */
const maxDirectories = 10

/** The active sessions, and the requests that wait for a person. A directory in which opencode cannot work has none. */
export const readActivity = Effect.fnUntraced(
  function* (opencode: Opencode, instance: Instance, instances: ReadonlyArray<Instance>) {
    const now = yield* Clock.currentTimeMillis
    const isOwn = isHome(instance, instances)
    const newest = yield* opencode.newestSessions(maxSessions)
    const own = newest.filter(({ directory, time }) => now - time.updated < maxSessionAge && isOwn(directory))
    const sessions = worthAsking(opencode, own, { home: instance.directory, limit: maxDirectories, now })
    const { result: active } = yield* collectingBroken(activities(opencode, sessions))
    // A subagent's request is listed under its parent sessions, too.
    const pending = new Map([...active.values()].flatMap((each) => each.pending).map((each) => [each.request.id, each]))
    return { running: [...active.keys()], pending: [...pending.values()] }
  },
  countingUnreadable,
  Effect.map(({ result }) => result),
)
