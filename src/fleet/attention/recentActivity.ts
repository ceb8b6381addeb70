/** What is going on in the recently used sessions of an instance. */
import { Clock, Duration, Effect } from "effect"
import type { Opencode } from "../../opencode/Opencode.ts"
import { activities, worthAsking } from "../../opencode/sessions/activity.ts"
import { collectingBroken } from "../../opencode/sessions/BrokenDirectories.ts"
import { ownSessions } from "../homes.ts"
import type { Instance } from "../Instance.ts"

/** Older sessions are left out, because a request about a directory makes opencode load it. */
const maxSessionAge = Duration.toMillis(Duration.weeks(1))

/** Maximum number of sessions that are considered, newest first. `get_status` considers all. */
const maxSessions = 200

/**
 * `newest`: the most recently updated sessions. `own`: those of them that belong to this instance among `instances`, the online
 * ones. `sessions`: those of `own` that were asked about, in at most `maxDirectories` directories. `active`: those that are not
 * idle. `pending`: the requests that wait for a person.
 */
export const recentActivity = Effect.fnUntraced(function* (
  opencode: Opencode,
  instance: Instance,
  instances: () => ReadonlyArray<Instance>,
  maxDirectories: number,
) {
  const now = yield* Clock.currentTimeMillis
  const newest = yield* opencode.newestSessions(maxSessions)
  // Read when it is needed: while a fleet starts, the other instances are found beside these requests.
  const projects = yield* Effect.cached(opencode.projects)
  const belonging = Effect.suspend(() => ownSessions({ projects }, instance, instances(), newest))
  const recent = (yield* belonging).filter(({ time }) => now - time.updated < maxSessionAge)
  const sessions = worthAsking(opencode, recent, { home: instance.directory, limit: maxDirectories, now })
  const { broken, result: active } = yield* collectingBroken(activities(opencode, sessions))
  // A subagent's request is listed under its parent sessions, too.
  const pending = new Map([...active.values()].flatMap((each) => each.pending).map((each) => [each.request.id, each]))
  return { newest, own: yield* belonging, sessions, active, broken, pending: [...pending.values()] }
})
