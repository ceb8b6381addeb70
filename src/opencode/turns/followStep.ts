/**
 * Follows one turn as a pure step function: the state and an input give the next state, which holds the next action.
 * `followTurn.ts` performs the actions.
 *
 * Events show what a turn is doing. The stored state is authoritative: it is read wherever events may have been missed,
 * and before an outcome is reported.
 */
import type { ClientError } from "../errors.ts"
import type { Notice } from "../events/InstanceEvents.ts"
import type { SessionId } from "../Identifiers.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import * as Turn from "../turn/Turn.ts"
import type { FollowInput, FollowState, OpenDecision, Reading } from "./followState.ts"

/** Milliseconds. How long an instance may be unreachable during a turn before the turn's outcome is `unreachable`. */
export const maxAbsence = 30_000

/** Milliseconds without news of a turn after which its stored state is read: a cheap read that finds missed events. */
const refreshAfter = 20_000

/** Milliseconds without an event stream after which the stored state is read: reads may work although the stream does not. */
const readWithoutEventsAfter = 15_000

/** Milliseconds. The previous turn's error may be reported again after its end, so an early error is confirmed later. */
const refusalDelay = 1000

/** After errors and aborts, idle is reported up to half a second before the message is final. */
const untilFinal = { readsLeft: 20, interval: 100 }

/** In a directory that opencode uses for the first time, a turn takes over two seconds to start. */
const untilStarted = { readsLeft: 20, interval: 250 }

export const stillRunning = { _tag: "still running" } as const

export interface FollowStart extends Pick<FollowState, "turn" | "goal" | "joined" | "connected"> {
  /** Epoch milliseconds. */
  readonly now: number
  /** Default: unless the event stream is connected. */
  readonly missedEvents?: boolean
}

/** The initial state. The first action for a joined turn is to read it. */
export const begin = ({ now, ...given }: FollowStart): FollowState => {
  const state: FollowState = {
    missedEvents: !given.connected,
    ...given,
    lastNews: now,
    isDeleted: false,
    openDecision: undefined,
    reading: { _tag: "Refresh" },
    next: { _tag: "Read", delay: 0 },
  }
  return given.joined ? state : proceed(state)
}

export const step = (state: FollowState, input: FollowInput): FollowState => {
  switch (input._tag) {
    case "Notice":
      return onNotice(state, input.notice, input.now)
    case "NoNotice":
      return state.connected ? refresh(state) : readWithoutEvents(state)
    case "Stored":
      return onStored({ ...state, turn: Turn.reconcile(state.turn, input.stored), lastNews: input.now })
    case "Decided":
      return { ...state, next: { _tag: "SendDecision" } }
    case "NotDecided":
      return end(state, state.openDecision?.undecided ?? stillRunning)
    case "DecisionSent":
      return input.accepted
        ? refresh({ ...state, openDecision: undefined })
        : end(state, state.openDecision?.undecided ?? stillRunning)
    case "Failed":
      return end(state, failure(state, input.error))
  }
}

const end = (state: FollowState, outcome: Turn.Outcome): FollowState => ({
  ...state,
  openDecision: undefined,
  next: { _tag: "End", outcome },
})

const read = (state: FollowState, reading: Reading, delay = 0): FollowState => ({
  ...state,
  reading,
  next: { _tag: "Read", delay },
})

const refresh = (state: FollowState) => read(state, { _tag: "Refresh" })

/** Without events, a turn is followed by what is stored, for as long as that can be read. */
const readWithoutEvents = (state: FollowState): FollowState => ({
  ...state,
  reading: { _tag: "Refresh" },
  next: { _tag: "Read", delay: 0, retryFor: maxAbsence - readWithoutEventsAfter },
})

const listen = (state: FollowState): FollowState => ({
  ...state,
  next: { _tag: "Listen", atMost: state.connected ? refreshAfter : readWithoutEventsAfter },
})

/**
 * The request that the turn waits for. Requests of an idle session do not count, because an abort leaves them behind, and
 * after the end of the turn they belong to the next one.
 */
const waitingFor = (turn: Turn.Turn): PendingRequest | undefined =>
  turn.status.type === "idle" || Turn.isFollowedByAnother(turn) ? undefined : [...turn.pending.values()][0]

/** With the goal `accepted`: the prompt was sent and no error is known, so losing contact does not mean that it failed. */
const isSent = ({ goal, turn }: FollowState) => goal === "accepted" && turn.error === undefined

const isAccepted = (state: FollowState) => isSent(state) && state.turn.accepted

/** Chooses the next action from the current turn. */
const proceed = (state: FollowState): FollowState => {
  const { joined, openDecision, turn } = state
  if (openDecision !== undefined) {
    return isOpen(openDecision, turn) ? listen(state) : refresh({ ...state, openDecision: undefined })
  }
  if (isAccepted(state)) return end(state, stillRunning)
  if (waitingFor(turn) !== undefined) return read(state, { _tag: "ConfirmRequest" })
  const outcome = Turn.outcome(turn)
  if (outcome !== undefined) return end(state, outcome)
  const refused = turn.error !== undefined && !turn.accepted
  if (!refused && turn.status.type !== "idle") return listen(state)
  const hasStarted = joined || turn.answers.size > 0
  return read(state, { _tag: "ConfirmEnd", ...(hasStarted ? untilFinal : untilStarted) }, refused ? refusalDelay : 0)
}

const isOpen = ({ request: { request } }: OpenDecision, turn: Turn.Turn) =>
  turn.status.type !== "idle" && turn.pending.has(request.id)

/** The session is not found any more. Without an event about its deletion, the server may be another one. */
export const sessionGone = (isDeleted: boolean): Turn.Outcome => ({
  _tag: "interrupted",
  detail: isDeleted
    ? "the session was deleted"
    : "the session is gone: it was deleted, or another opencode has the port now",
})

export const isDeletion = (notice: Notice, session: SessionId): boolean =>
  notice._tag === "Event" && notice.event._tag === "SessionDeleted" && notice.event.sessionID === session

const unreachable = (error: ClientError): Turn.Outcome => ({ _tag: "unreachable", detail: error.message, error })

/** The event stream is lost for good. While a person is asked, the instance may still answer a read. */
const onUnreachable = (state: FollowState, outcome: Turn.Outcome): FollowState =>
  state.openDecision === undefined
    ? end(state, isSent(state) ? stillRunning : outcome)
    : refresh({ ...state, openDecision: undefined })

const onNotice = (before: FollowState, notice: Notice, now: number): FollowState => {
  switch (notice._tag) {
    case "Settled":
      return refresh(before)
    case "Event": {
      const { event } = notice
      if (isDeletion(notice, before.turn.session)) return refresh({ ...before, isDeleted: true })
      if (event._tag === "StateDropped") return onMissed(before, true)
      if (event._tag === "SessionStale") {
        return event.sessionID === before.turn.session ? refresh({ ...before, missedEvents: true }) : before
      }
      const turn = Turn.advance(before.turn, event)
      const lastNews = turn === before.turn ? before.lastNews : now
      const state = { ...before, turn, lastNews, connected: true }
      return now - lastNews > refreshAfter ? refresh(state) : proceed(state)
    }
    case "Lost":
      return notice.error._tag === "Unauthorized"
        ? onUnreachable({ ...before, connected: false, missedEvents: true }, unreachable(notice.error))
        : onMissed(before, false)
    case "Reconnected":
    case "Missed":
      return onMissed(before, true)
  }
}

/** Events were missed. Once the stream is connected again, the stored state makes up for them. */
const onMissed = (before: FollowState, connected: boolean): FollowState => {
  const state = { ...before, connected, missedEvents: true, turn: Turn.missed(before.turn) }
  return connected ? refresh(state) : proceed(state)
}

const onStored = (state: FollowState): FollowState => {
  const { missedEvents, openDecision, reading, turn } = state
  if (openDecision !== undefined) {
    return isOpen(openDecision, turn) ? listen(state) : proceed({ ...state, openDecision: undefined })
  }
  switch (reading._tag) {
    case "Refresh":
      return proceed(state)
    case "ConfirmRequest": {
      const request = waitingFor(turn)
      const undecided = Turn.outcome(turn)
      return request === undefined || undecided === undefined
        ? proceed(state)
        : listen({ ...state, openDecision: { request, undecided } })
    }
    case "ConfirmEnd": {
      if (isAccepted(state)) return end(state, stillRunning)
      const outcome = Turn.outcome(turn)
      // The session is busy after all, so the turn continues.
      if (turn.status.type !== "idle" && !Turn.isFollowedByAnother(turn)) {
        return waitingFor(turn) === undefined ? listen(state) : proceed(state)
      }
      if (outcome !== undefined) return end(state, outcome)
      const { interval, readsLeft } = reading
      return readsLeft > 0
        ? read(state, { ...reading, readsLeft: readsLeft - 1 }, interval)
        : end(state, Turn.unfinishedOutcome(turn, missedEvents))
    }
  }
}

/** A failed request becomes an outcome, because the prompt was sent and the decisions made so far must be reported. */
const failure = (state: FollowState, error: ClientError): Turn.Outcome => {
  if (isSent(state)) return stillRunning
  return error._tag === "SessionNotFound" ? sessionGone(state.isDeleted) : unreachable(error)
}
