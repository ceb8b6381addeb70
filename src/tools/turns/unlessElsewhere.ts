/** Fails if another server of the same user is running the session's turn. */
import { Effect } from "effect"
import type { Opencode } from "../../opencode/Opencode.ts"
import { ensureNotElsewhere } from "../../opencode/sessions/otherServers.ts"
import type { Session } from "../../opencode/sessions/Session.ts"

/** Asked before a turn is followed, because this server would report an unfinished turn of another one as interrupted. */
export const unlessElsewhere = (opencode: Opencode, instance: string, session: Session) =>
  ensureNotElsewhere(opencode, instance, session).pipe(
    Effect.catchIf(
      (error) => error._tag !== "RunsElsewhere",
      () => Effect.void,
    ),
  )
