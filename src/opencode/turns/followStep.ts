/**
 * How one turn is followed, as a pure step function: what is known and what has just happened give what is known now
 * and what to do next. `followTurn.ts` does it.
 *
 * Events tell what a turn does. Where they may have been missed, and before anything is said of the turn, what opencode
 * has stored is read: it has the last word.
 */
import type { ClientError } from "../errors.ts"
import type { Notice } from "../events/InstanceEvents.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import * as Turn from "../turn/Turn.ts"

/** What has happened. `now` is in epoch milliseconds. */
export type FollowInput =
  | { readonly _tag: "Heard"; readonly notice: Notice; readonly now: number }
  /** No notice came within the time of the `Listen`. */
  | { readonly _tag: "Silence" }
  /** What opencode has stored about the turn, read because of a `Read`. */
  | { readonly _tag: "Stored"; readonly stored: Turn.StoredSession; readonly now: number }
  /** The person has decided on the open question; the decision is not sent yet. */
  | { readonly _tag: "Decided" }
  /** The question was put to no person, or they decided nothing. */
  | { readonly _tag: "NotDecided" }
  /** The decision was sent to opencode, or was not: then the turn still waits. */
  | { readonly _tag: "DecisionSent"; readonly accepted: boolean }
  /** Reading or sending failed for good. */
  | { readonly _tag: "Failed"; readonly error: ClientError }

/** What to do next. */
export type FollowAction =
  /** Read what opencode has stored, after a delay in milliseconds. Notices that come meanwhile are heard later. */
  | { readonly _tag: "Read"; readonly delay: number }
  /** Wait for the next notice, at most this many milliseconds. */
  | { readonly _tag: "Listen"; readonly atMost: number }
  /**
   * Send the person's decision. Nothing is heard meanwhile, because the event that the request is settled must not
   * interrupt what settles it.
   */
  | { readonly _tag: "SendDecision" }
  | { readonly _tag: "End"; readonly outcome: Turn.Outcome }

/** A pending request that a person is asked about. */
export interface OpenQuestion {
  readonly request: PendingRequest
  /** The turn's outcome if the person decides nothing. */
  readonly undecided: Turn.Outcome
}

/** What the stored state is read for. */
type Reading =
  | { readonly _tag: "Refresh" }
  /** Events say that the turn waits for a person; they may tell of a request that is settled by now. */
  | { readonly _tag: "ConfirmRequest" }
  /** Events say that the session is idle, or that the prompt was refused. */
  | { readonly _tag: "ConfirmEnd"; readonly readsLeft: number; readonly interval: number }

export interface FollowState {
  readonly turn: Turn.Turn
  /** `settled`: follow to the outcome. `accepted`: only until opencode shows that it has the prompt. */
  readonly goal: "settled" | "accepted"
  /** Whether the turn was started long ago: it cannot be that it has yet to begin. */
  readonly joined: boolean
  /** Whether the connection to the events is up. */
  readonly connected: boolean
  /** Whether events may have been missed since the following began. */
  readonly missedEvents: boolean
  /** When something new was last heard or read of the turn, in epoch milliseconds. */
  readonly lastNews: number
  /** While it is set, the person is asked, beside `next`. */
  readonly question: OpenQuestion | undefined
  readonly reading: Reading
  readonly next: FollowAction
}

/** How long an instance that disappears during a turn may take to come back, in milliseconds. */
export const absence = 30_000

/** After this time without news of a turn, in milliseconds, its stored state is read: it is cheap, and finds what events did not tell. */
const quiet = 20_000

/** The error of the turn before may be reported once more after it is over: it is not taken for this one's at once. */
const refusalDelay = 1000

/** Errors and aborts report idle up to half a second before the message is final. */
const untilFinal = { readsLeft: 20, interval: 100 }

/** In a directory that is used for the first time, a turn takes over two seconds to begin. */
const untilBegun = { readsLeft: 20, interval: 250 }

const absent: Turn.Outcome = {
  _tag: "unreachable",
  detail: `it went away and did not come back within ${absence / 1000} seconds`,
}

export const stillRunning = { _tag: "still running" } as const

export interface FollowStart extends Pick<FollowState, "turn" | "goal" | "joined" | "connected"> {
  /** Epoch milliseconds. */
  readonly now: number
}

/** The first state. A turn that was joined is read before anything else. */
export const begin = ({ now, ...given }: FollowStart): FollowState => {
  const state: FollowState = {
    ...given,
    missedEvents: !given.connected,
    lastNews: now,
    question: undefined,
    reading: { _tag: "Refresh" },
    next: { _tag: "Read", delay: 0 },
  }
  return given.joined ? state : proceed(state)
}

export const step = (state: FollowState, input: FollowInput): FollowState => {
  switch (input._tag) {
    case "Heard":
      return heard(state, input.notice, input.now)
    case "Silence":
      return state.connected ? refresh(state) : gone(state, absent)
    case "Stored":
      return stored({ ...state, turn: Turn.reconcile(state.turn, input.stored), lastNews: input.now })
    case "Decided":
      return { ...state, next: { _tag: "SendDecision" } }
    case "NotDecided":
      return end(state, state.question?.undecided ?? stillRunning)
    case "DecisionSent":
      return input.accepted
        ? refresh({ ...state, question: undefined })
        : end(state, state.question?.undecided ?? stillRunning)
    case "Failed":
      return end(state, failure(state, input.error))
  }
}

const end = (state: FollowState, outcome: Turn.Outcome): FollowState => ({
  ...state,
  question: undefined,
  next: { _tag: "End", outcome },
})

const read = (state: FollowState, reading: Reading, delay = 0): FollowState => ({
  ...state,
  reading,
  next: { _tag: "Read", delay },
})

const refresh = (state: FollowState) => read(state, { _tag: "Refresh" })

const listen = (state: FollowState): FollowState => ({
  ...state,
  next: { _tag: "Listen", atMost: state.connected ? quiet : absence },
})

/** The request that the turn waits for. An abort leaves requests behind, so they count only while the session is busy. */
const waitingFor = ({ pending, status }: Turn.Turn): PendingRequest | undefined =>
  status.type === "idle" ? undefined : [...pending.values()][0]

/** The prompt was sent and no error is known, so a failure to hear of it does not mean that it failed. */
const isSent = ({ goal, turn }: FollowState) => goal === "accepted" && turn.error === undefined

const isAccepted = (state: FollowState) => isSent(state) && state.turn.accepted

/** What to do with what is known now. */
const proceed = (state: FollowState): FollowState => {
  const { joined, question, turn } = state
  if (question !== undefined) return isOpen(question, turn) ? listen(state) : refresh({ ...state, question: undefined })
  if (isAccepted(state)) return end(state, stillRunning)
  if (waitingFor(turn) !== undefined) return read(state, { _tag: "ConfirmRequest" })
  const outcome = Turn.outcome(turn)
  if (outcome !== undefined) return end(state, outcome)
  const refused = turn.error !== undefined && !turn.accepted
  if (!refused && turn.status.type !== "idle") return listen(state)
  const begun = joined || turn.answers.size > 0
  return read(state, { _tag: "ConfirmEnd", ...(begun ? untilFinal : untilBegun) }, refused ? refusalDelay : 0)
}

const isOpen = ({ request: { request } }: OpenQuestion, turn: Turn.Turn) =>
  turn.status.type !== "idle" && turn.pending.has(request.id)

const unreachable = (error: ClientError): Turn.Outcome => ({ _tag: "unreachable", detail: error.message, error })

/** The instance is gone, as far as its events tell. While a person is asked, it may still answer a request. */
const gone = (state: FollowState, outcome: Turn.Outcome): FollowState =>
  state.question === undefined
    ? end(state, isSent(state) ? stillRunning : outcome)
    : refresh({ ...state, question: undefined })

const heard = (before: FollowState, notice: Notice, now: number): FollowState => {
  switch (notice._tag) {
    case "Settled":
      return refresh(before)
    case "Event": {
      const { event } = notice
      if (event._tag === "SessionDeleted" && event.sessionID === before.turn.session) return refresh(before)
      if (event._tag === "StateDropped") return missed(before, true)
      const turn = Turn.advance(before.turn, event)
      const lastNews = turn === before.turn ? before.lastNews : now
      const state = { ...before, turn, lastNews, connected: true }
      return now - lastNews > quiet ? refresh(state) : proceed(state)
    }
    case "Lost":
      return notice.error._tag === "Unauthorized"
        ? gone({ ...before, connected: false, missedEvents: true }, unreachable(notice.error))
        : missed(before, false)
    case "Reconnected":
    case "Missed":
      return missed(before, true)
  }
}

/** Events were missed. Once the connection is up again, what they told can be read. */
const missed = (before: FollowState, connected: boolean): FollowState => {
  const state = { ...before, connected, missedEvents: true, turn: Turn.missed(before.turn) }
  return connected ? refresh(state) : proceed(state)
}

const stored = (state: FollowState): FollowState => {
  const { missedEvents, question, reading, turn } = state
  if (question !== undefined) return isOpen(question, turn) ? listen(state) : proceed({ ...state, question: undefined })
  switch (reading._tag) {
    case "Refresh":
      return proceed(state)
    case "ConfirmRequest": {
      const request = waitingFor(turn)
      const undecided = Turn.outcome(turn)
      return request === undefined || undecided === undefined
        ? proceed(state)
        : listen({ ...state, question: { request, undecided } })
    }
    case "ConfirmEnd": {
      if (isAccepted(state)) return end(state, stillRunning)
      const outcome = Turn.outcome(turn)
      // The session is busy after all: the turn goes on.
      if (turn.status.type !== "idle") return waitingFor(turn) === undefined ? listen(state) : proceed(state)
      if (outcome !== undefined) return end(state, outcome)
      const { interval, readsLeft } = reading
      return readsLeft > 0
        ? read(state, { ...reading, readsLeft: readsLeft - 1 }, interval)
        : end(state, Turn.unfinishedOutcome(turn, missedEvents))
    }
  }
}

/** A failure is an outcome of the turn: its prompt was sent, and what was decided must be reported all the same. */
const failure = (state: FollowState, error: ClientError): Turn.Outcome => {
  if (isSent(state)) return stillRunning
  return error._tag === "SessionNotFound"
    ? { _tag: "interrupted", detail: "the session was deleted" }
    : unreachable(error)
}
