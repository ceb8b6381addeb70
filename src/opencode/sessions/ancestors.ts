/** The ancestors of a session: the sessions that a subagent works for. */
import { Effect } from "effect"
import type { SessionId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"

/** Maximum depth. Real subagents are nested far less deep. */
const maxDepth = 20

/**
 * The session, its parent, the parent's parent, and so on. Parents in `known` are not read from opencode; a session whose
 * known parent is undefined is the last one.
 */
export const ancestors = Effect.fnUntraced(function* (
  opencode: Opencode,
  known: ReadonlyMap<SessionId, SessionId | undefined>,
  session: SessionId,
) {
  const visited = new Set<SessionId>()
  let current: SessionId | undefined = session
  while (current !== undefined && !visited.has(current) && visited.size < maxDepth) {
    visited.add(current)
    current = known.has(current)
      ? known.get(current)
      : yield* opencode.session(current).pipe(
          Effect.map(({ parentID }) => parentID),
          Effect.catchTag("SessionNotFound", () => Effect.undefined),
        )
  }
  return visited
})
