/** The inputs, the actions and the state of following a turn. `followStep.ts` computes the next state from them. */
import type { ClientError } from "../errors.ts"
import type { Notice } from "../events/InstanceEvents.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import type * as Turn from "../turn/Turn.ts"

/** The result of an action. `now` is in epoch milliseconds. */
export type FollowInput =
  | { readonly _tag: "Notice"; readonly notice: Notice; readonly now: number }
  /** No notice arrived within the time of the `Listen`. */
  | { readonly _tag: "NoNotice" }
  /** The stored state of the turn, the result of a `Read`. */
  | { readonly _tag: "Stored"; readonly stored: Turn.StoredSession; readonly now: number }
  /** The person has decided. The decision is not sent yet. */
  | { readonly _tag: "Decided" }
  /** No person was asked, or the person decided nothing. */
  | { readonly _tag: "NotDecided" }
  /** The decision was sent to opencode. If it was not accepted, the turn still waits. */
  | { readonly _tag: "DecisionSent"; readonly accepted: boolean }
  /** Reading or sending failed, and retrying does not help. */
  | { readonly _tag: "Failed"; readonly error: ClientError }

/** What the driver does next. */
export type FollowAction =
  /**
   * Read what opencode has stored, after a delay in milliseconds. Notices that arrive meanwhile are queued. `retryFor`: how
   * many milliseconds opencode may be unreachable (default: `maxAbsence`).
   */
  | { readonly _tag: "Read"; readonly delay: number; readonly retryFor?: number }
  /** Wait for the next notice, at most this many milliseconds. */
  | { readonly _tag: "Listen"; readonly atMost: number }
  /**
   * Send the person's decision. Notices are queued meanwhile, because the event that reports the request as settled must
   * not interrupt the effect that settles it.
   */
  | { readonly _tag: "SendDecision" }
  | { readonly _tag: "End"; readonly outcome: Turn.Outcome }

/** A pending request that the person is being asked about. */
export interface OpenDecision {
  readonly request: PendingRequest
  /** The turn's outcome if the person decides nothing. */
  readonly undecided: Turn.Outcome
}

/** Why the stored state is read. */
export type Reading =
  | { readonly _tag: "Refresh" }
  /** According to events, the turn waits for a person. The request may have been settled since. */
  | { readonly _tag: "ConfirmRequest" }
  /** According to events, the session is idle or the prompt was refused. `interval` is in milliseconds. */
  | { readonly _tag: "ConfirmEnd"; readonly readsLeft: number; readonly interval: number }

export interface FollowState {
  readonly turn: Turn.Turn
  /** `settled`: follow the turn to its outcome. `accepted`: follow it until opencode shows that it has the prompt. */
  readonly goal: "settled" | "accepted"
  /** Whether the turn was running before this call, so it cannot be that it has yet to start. */
  readonly joined: boolean
  /** Whether the event stream is connected. */
  readonly connected: boolean
  /** Whether events may have been missed since the start. */
  readonly missedEvents: boolean
  /** Whether an event has reported that the session was deleted. */
  readonly isDeleted: boolean
  /** When an event or a read last brought news of the turn, in epoch milliseconds. */
  readonly lastNews: number
  /** While it is set, the person is asked, concurrently with `next`. */
  readonly openDecision: OpenDecision | undefined
  readonly reading: Reading
  readonly next: FollowAction
}
