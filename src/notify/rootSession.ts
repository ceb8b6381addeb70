/** The session that a person has started: a subagent's request and turn belong to it. */
import { Effect } from "effect"
import type { SessionId } from "../opencode/Identifiers.ts"
import type { Opencode } from "../opencode/Opencode.ts"
import { ancestors } from "../opencode/sessions/ancestors.ts"
import type { EventSession } from "./FleetEvent.ts"

/** Only the id if opencode does not tell the rest. */
export const rootSession = Effect.fnUntraced(function* (
  opencode: Opencode,
  session: SessionId,
): Effect.fn.Return<EventSession> {
  const family = yield* ancestors(opencode, new Map(), session).pipe(Effect.orElseSucceed(() => new Set([session])))
  const root = [...family].at(-1) ?? session
  return yield* opencode.session(root).pipe(
    Effect.map(({ directory, id, title }): EventSession => ({ id, title, directory })),
    Effect.orElseSucceed((): EventSession => ({ id: root })),
  )
})
