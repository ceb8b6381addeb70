/** What the sessions of an instance tell about its work. */
import type { SessionId } from "../../opencode/Identifiers.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { line } from "../../text/plainText.ts"
import type { LastSession, Project } from "./PendingReport.ts"

/** Active ones first, then the most recently used; `sessions` must be sorted by update, newest first. */
export const projectsOf = (
  sessions: ReadonlyArray<Session>,
  active: ReadonlyMap<SessionId, unknown>,
): ReadonlyArray<Project> =>
  [...Map.groupBy(sessions, ({ directory }) => directory)]
    .map(([directory, all]) => ({ directory, active: all.filter(({ id }) => active.has(id)).length }))
    .toSorted((one, other) => Number(other.active > 0) - Number(one.active > 0))

/** `sessions` must be sorted by update, newest first. A subagent may be newer than the session that it works for. */
export const lastSessionOf = (sessions: ReadonlyArray<Session>): LastSession | undefined => {
  const [newest] = sessions
  if (newest === undefined) return undefined
  const byId = new Map(sessions.map((session) => [session.id, session]))
  const seen = new Set<SessionId>()
  let titled = newest
  while (titled.parentID !== undefined && !seen.has(titled.id)) {
    seen.add(titled.id)
    titled = byId.get(titled.parentID) ?? titled
  }
  return { title: line(titled.title), updated: newest.time.updated }
}
