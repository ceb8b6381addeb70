/** Stops the turn of a session, and clears what it leaves behind. */
import { Effect, Schedule } from "effect"
import { pendingRequestsOf, requestsOf } from "../requests/pendingRequests.ts"
import { refusal, settle } from "../requests/decision.ts"
import type { ClientError } from "../errors.ts"
import type { Opencode } from "../Opencode.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import type { Session } from "../sessions/Session.ts"
import { statusOf } from "./storedTurn.ts"

export interface Aborted {
  /** opencode itself says yes to an abort of an idle session, too. */
  readonly wasRunning: boolean
  /** Whether the message that was being written is final, so that the session can be read and used. */
  readonly final: boolean
  /** How many permissions and questions were dismissed. */
  readonly cleared: number
}

/**
 * An aborted turn leaves its permissions and questions behind, where nobody could answer them any more. A turn that has
 * begun since may wait for a person again, and keeps what it asks for.
 */
const dismissRequests = Effect.fnUntraced(function* (
  opencode: Opencode,
  session: Session,
  before: ReadonlyArray<PendingRequest>,
) {
  if (!opencode.capabilities.abortLeavesRequests) return 0
  const known = new Set(before.map(({ request }) => request.id))
  const fresh = (yield* pendingRequestsOf(opencode, session)).filter(({ request }) => !known.has(request.id))
  const keep = new Set(fresh.map(({ request }) => request.id))
  // One rejected permission takes all others of its session with it.
  const busy = new Set(fresh.flatMap(({ kind, request }) => (kind === "permission" ? [request.sessionID] : [])))
  const left = (yield* requestsOf(opencode, session)).filter(
    ({ kind, request }) => !keep.has(request.id) && !(kind === "permission" && busy.has(request.sessionID)),
  )
  yield* Effect.forEach(left, (pending) => settle(opencode, session, refusal(pending)))
  return left.length
})

const activity = Effect.fnUntraced(function* (opencode: Opencode, session: Session) {
  const { type } = yield* statusOf(opencode, session)
  const newest = (yield* opencode.messages(session.id, { limit: 1 })).messages.at(-1)?.info
  return {
    running: type !== "idle",
    /** A message that has just come may not show in the status yet. */
    mayBegin: type === "idle" && newest?.role === "user",
    open: newest?.role === "assistant" && newest.time.completed === undefined,
  }
})

/** How long a turn may take to begin, or to end when it is aborted. */
const soon = Schedule.max([Schedule.spaced("100 millis"), Schedule.recurs(30)])

export const abortTurn = Effect.fn("abortTurn")(function* (
  opencode: Opencode,
  session: Session,
): Effect.fn.Return<Aborted, ClientError> {
  const look = activity(opencode, session)
  const { running } = yield* Effect.repeat(look, { while: ({ mayBegin }) => mayBegin, schedule: soon })
  const before = yield* requestsOf(opencode, session)
  const { wasRunning = running } = yield* opencode.abort(session.id)
  // opencode reports idle before the message is final.
  const after = yield* Effect.repeat(look, {
    while: ({ open, running: still }) => wasRunning && (open || still),
    schedule: soon,
  })
  return {
    wasRunning,
    final: !wasRunning || (!after.open && !after.running),
    cleared: yield* dismissRequests(opencode, session, before),
  }
})
