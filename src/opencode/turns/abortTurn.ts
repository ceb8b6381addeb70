/** Stops the turn of a session, and dismisses the pending requests that it leaves behind. */
import { Effect, Schedule } from "effect"
import { pendingRequestsOf, requestsOf } from "../requests/pendingRequests.ts"
import { refusal, settle } from "../requests/decision.ts"
import type { ClientError } from "../errors.ts"
import type { Opencode } from "../Opencode.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import type { Elsewhere, Session } from "../sessions/Session.ts"
import { mayHaveArrived } from "../transient.ts"
import { uncertain } from "../uncertain.ts"
import { persistently, statusOf } from "./storedTurn.ts"

export interface AbortedTurn {
  /** Whether a turn was running. opencode 1 does not report it, so it is derived from the session's status. */
  readonly wasRunning: boolean
  /** Whether the turn has ended and its last message is final, so that the session can be read and used. */
  readonly final: boolean
  /** Number of dismissed permissions and questions. */
  readonly cleared: number
  /** Set if another server of the same user is running a turn in the session, which this one cannot stop. */
  readonly elsewhere?: Elsewhere
}

/**
 * Dismisses the permissions and questions that an aborted turn has left behind, because they can no longer be answered.
 * The requests of a turn that has started since stay open. Returns the number of dismissed requests.
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
  // Rejecting a permission rejects all others of its session.
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
    /** Whether a turn may be about to start: the status may not show the turn of a message that has just arrived. */
    mayBegin: type === "idle" && newest?.role === "user",
    open: newest?.role === "assistant" && newest.time.completed === undefined,
  }
})

/** A turn starts within 3 s of its message, and ends within 3 s of its abort. */
const within3Seconds = Schedule.max([Schedule.spaced("100 millis"), Schedule.recurs(30)])

/** Aborts the turn, waits up to 3 s for its end, and dismisses the requests that it leaves behind. */
export const abortTurn = Effect.fn("abortTurn")(function* (
  opencode: Opencode,
  session: Session,
): Effect.fn.Return<AbortedTurn, ClientError> {
  const readActivity = activity(opencode, session)
  const { running } = yield* Effect.repeat(readActivity, {
    while: ({ mayBegin }) => mayBegin,
    schedule: within3Seconds,
  })
  const before = yield* requestsOf(opencode, session)
  // Not repeated: a second stop could end the next turn.
  const { lost, wasRunning = running } = yield* opencode.abort(session.id).pipe(
    Effect.map((answer) => ({ lost: undefined, ...answer })),
    Effect.catchIf(mayHaveArrived, (lost) => Effect.succeed({ lost, wasRunning: undefined })),
  )
  // opencode reports idle before the last message is final.
  const after = yield* Effect.repeat(lost === undefined ? readActivity : persistently(readActivity), {
    while: ({ open, running: isRunning }) => wasRunning && (open || isRunning),
    schedule: within3Seconds,
  }).pipe(
    Effect.catchIf(
      () => lost !== undefined,
      (error) => uncertain("abort", session.id, lost ?? error, "the session could not be read"),
    ),
  )
  if (lost !== undefined && after.running) {
    return yield* uncertain("abort", session.id, lost, "the session is still busy")
  }
  const elsewhere = wasRunning ? undefined : (yield* opencode.runningElsewhere([session])).get(session.id)
  return {
    wasRunning,
    final: !wasRunning || (!after.open && !after.running),
    cleared: yield* dismissRequests(opencode, session, before),
    ...(elsewhere === undefined ? {} : { elsewhere }),
  }
})
