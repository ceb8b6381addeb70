/** Stops the turn of a session, and clears what it leaves behind. */
import { Effect } from "effect"
import { requestsOf } from "./activity.ts"
import type { ClientError } from "./errors.ts"
import type { Opencode } from "./OpencodeClient.ts"
import type { Session } from "./Session.ts"
import { statusOf } from "./storedTurn.ts"

export interface Aborted {
  /** opencode itself says yes to an abort of an idle session, too. */
  readonly wasRunning: boolean
  /** How many permissions and questions were dismissed. */
  readonly cleared: number
}

/** An aborted turn leaves its permissions and questions behind, where nobody could answer them any more. */
const dismissRequests = Effect.fnUntraced(function* (opencode: Opencode, session: Session) {
  const left = yield* requestsOf(opencode, session)
  yield* Effect.forEach(left, ({ kind, request }) =>
    (kind === "permission"
      ? opencode.replyPermission(session.directory, request.id, { reply: "reject" })
      : opencode.rejectQuestion(session.directory, request.id)
    ).pipe(
      // Gone already: rejecting one permission rejects all of its session, and a person may have been quicker.
      Effect.catchIf(
        (error) => error._tag === "OpencodeError" && error.status === 404,
        () => Effect.void,
      ),
    ),
  )
  return left.length
})

export const abortTurn = Effect.fn("abortTurn")(function* (
  opencode: Opencode,
  session: Session,
): Effect.fn.Return<Aborted, ClientError> {
  const { type } = yield* statusOf(opencode, session)
  yield* opencode.abort(session.id)
  return { wasRunning: type !== "idle", cleared: yield* dismissRequests(opencode, session) }
})
