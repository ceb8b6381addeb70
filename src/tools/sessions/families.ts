/** The sessions of one answer of list_sessions: those that match, and below each the sessions of its subagents. */
import { isWithin } from "../../opencode/sessions/isWithin.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { pageOf } from "../shared/page.ts"

/** Maximum number of subagent sessions shown per session, the most recently updated ones. */
const maxSubagents = 10

export interface ListOptions {
  readonly search?: string
  readonly directory?: string
  readonly limit?: number
  readonly offset?: number
}

/** The items up to the one that would be root number `limit` + 1. */
const upTo = (limit: number, sessions: ReadonlyArray<Session>, isRoot: (session: Session) => boolean) => {
  let roots = 0
  const end = sessions.findIndex((session) => isRoot(session) && ++roots > limit)
  return end === -1 ? sessions : sessions.slice(0, end)
}

/**
 * Groups sessions into families: a root session, followed by the sessions of its subagents. Of several families, each lists
 * its newest subagents only.
 */
export const families = (
  sessions: ReadonlyArray<Session>,
  { directory, limit, offset, search }: Required<ListOptions>,
) => {
  const known = new Set(sessions.map(({ id }) => id))
  const folded = search.trim().toLowerCase()
  const matches = ({ directory: own, id, title }: Session) =>
    (title.toLowerCase().includes(folded) || id.toLowerCase().includes(folded)) && isWithin(own, directory)
  const children = Map.groupBy(
    sessions.filter(({ parentID }) => parentID !== undefined && known.has(parentID)),
    ({ parentID }) => parentID,
  )
  const assigned = new Set<Session>()
  const family = (session: Session): ReadonlyArray<Session> => {
    if (assigned.has(session)) return []
    assigned.add(session)
    return [session, ...(children.get(session.id) ?? []).flatMap(family)]
  }
  const isRoot = ({ parentID }: Session) => parentID === undefined || !known.has(parentID)
  // Sessions whose parents form a cycle are below no root. The first of them becomes a root.
  const all = [...sessions.filter(isRoot), ...sessions].map(family)
  const roots = all.filter((members) => members.some(matches))
  const most = roots.length === 1 ? Infinity : maxSubagents
  const listed = roots.flatMap((members) => members.slice(0, 1 + most))
  const firsts = new Set(roots.map(([root]) => root))
  const shown = upTo(limit, listed.slice(offset), (session) => firsts.has(session))
  return {
    counts: {
      session_count: all.filter((members) => members.length > 0).length,
      matching_count: roots.length,
      ...pageOf("list_sessions", "session", { offset, shown: shown.length, total: listed.length }),
    },
    shown,
    /** The number of subagents of the roots that do not list all of theirs. */
    subagents: new Map(
      roots.flatMap(([root, ...others]) =>
        root !== undefined && others.length > most ? [[root.id, others.length]] : [],
      ),
    ),
  }
}
