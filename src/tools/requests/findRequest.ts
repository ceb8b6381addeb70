/** Finds the pending request that a person decides. */
import { Effect } from "effect"
import type { OpencodeClient } from "../../opencode/Opencode.ts"
import { openRequest } from "../../opencode/requests/decision.ts"
import type { PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { ensureNotElsewhere } from "../../opencode/sessions/otherServers.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import type { Origin } from "./askPerson.ts"

/** The session that a reference names. */
export const findOrigin = (client: OpencodeClient["Service"], target: Target, reference: string) => {
  const opencode = client.at(target)
  return Effect.map(resolveSession(target, opencode, reference), (session): Origin => ({ target, opencode, session }))
}

/** The open request of these kinds with this id; without an id, the only one. */
export const findRequest = <Kind extends PendingRequest["kind"]>(
  { opencode, session, target }: Origin,
  kinds: ReadonlyArray<Kind>,
  id: string | undefined,
) =>
  openRequest(target, opencode, session, kinds, id).pipe(
    // It may be open at the instance that is running the turn.
    Effect.tapErrorTag("RequestNotOpen", () =>
      ensureNotElsewhere(opencode, target.instance, session).pipe(
        Effect.catchIf(
          (error) => error._tag !== "RunsElsewhere",
          () => Effect.void,
        ),
      ),
    ),
  )
