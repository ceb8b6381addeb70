/**
 * Prompts in the queue of a server that has one ({@link Capabilities}): opencode 2's inbox. The server starts the next prompt
 * when a turn ends, except after an interruption: then the queue is parked until another prompt starts it.
 */
import { Effect, Option, Schedule } from "effect"
import type { ClientError } from "../errors.ts"
import type { Notice } from "../events/InstanceEvents.ts"
import type { Opencode } from "../Opencode.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import { describe } from "../requests/requestedActs.ts"
import { pendingRequestsOf } from "../requests/pendingRequests.ts"
import type { Failure } from "../sessions/Message.ts"
import type { Session } from "../sessions/Session.ts"
import * as Turn from "../turn/Turn.ts"
import type { SessionAddress } from "./SessionAddress.ts"
import { isDeletion, sessionGone } from "./followStep.ts"
import { type FollowTurn, followTurn, type TurnReport } from "./followTurn.ts"
import { persistently, readStored, statusOf } from "./storedTurn.ts"

/** How a wait in the queue ended; without an outcome, the agent now has the prompt. */
interface Delivery {
  readonly turn: Turn.Turn
  readonly outcome?: Turn.Outcome
  readonly missedEvents: boolean
}

const parked: Turn.Outcome = {
  _tag: "accepted",
  parked: true,
  detail:
    "it waits in the session's inbox, and nothing is running: a turn before it was stopped, or opencode was stopped before it began",
}

const withdrawn: Turn.Outcome = {
  _tag: "interrupted",
  detail: "the message was taken out of the session's inbox before the agent received it",
}

/** Milliseconds until the queue is read for the first time. A free session starts its turn faster. */
const firstLook = 1000

/** In case events are missed. */
const lookAgain = 5000

/** After a failed turn, the session is idle for a moment before the next prompt starts. */
const untilParked = { reads: 12, interval: 250 }

const isNews = (notice: Notice, session: Session): boolean => {
  if (notice._tag !== "Event") return notice._tag !== "Lost"
  const { event } = notice
  switch (event._tag) {
    case "MessageChanged":
      return event.info.sessionID === session.id && event.info.role === "user"
    case "StatusChanged":
      return event.sessionID === session.id && event.status.type === "idle"
    case "SessionFailed":
    case "SessionStale":
    case "SessionDeleted":
      return event.sessionID === session.id
    case "StateDropped":
    case "RequestOpened":
      return true
    default:
      return false
  }
}

type Reading =
  | {
      readonly _tag: "Queued"
      readonly ahead: number
      readonly isIdle: boolean
      /** What the running turn waits for. */
      readonly waitingFor: PendingRequest | undefined
    }
  | { readonly _tag: "Delivered"; readonly turn: Turn.Turn }
  | { readonly _tag: "Gone" }

const readQueue = Effect.fnUntraced(function* (
  opencode: Opencode,
  session: Session,
  turn: Turn.Turn,
): Effect.fn.Return<Reading, ClientError> {
  const index = (yield* opencode.queuedPrompts(session.id)).findIndex(({ id }) => id === turn.prompt)
  if (index >= 0) {
    const isIdle = (yield* statusOf(opencode, session)).type === "idle"
    const [waitingFor] = isIdle ? [] : yield* pendingRequestsOf(opencode, session)
    return { _tag: "Queued", ahead: index + 1, isIdle, waitingFor }
  }
  const stored = yield* readStored(opencode, session, turn)
  return stored.messages.some(({ info }) => info.id === turn.prompt)
    ? { _tag: "Delivered", turn: Turn.reconcile(turn, stored) }
    : { _tag: "Gone" }
})

/** Milliseconds in which the event about a session's deletion arrives. */
const deletionArrives = 1000

const lost = (error: ClientError, isDeleted: boolean): Turn.Outcome =>
  error._tag === "SessionNotFound" ? sessionGone(isDeleted) : { _tag: "unreachable", detail: error.message, error }

/**
 * Waits until the agent receives the prompt, which is in the queue. Consumes the notices of the turns before it.
 * `onPosition` receives the number of turns ahead; `isBusy`: a turn was running when the prompt was sent.
 */
const awaitDelivery = Effect.fnUntraced(function* (
  { connected, notices, opencode, session, turn }: FollowTurn,
  isBusy: boolean,
  onPosition: (turnsAhead: number) => Effect.Effect<void>,
): Effect.fn.Return<Delivery> {
  let patience = isBusy ? 0 : firstLook
  let unsettledReads = 0
  let failure: Failure | undefined
  let missedEvents = !connected
  let isDeleted = false
  const takeNotice = Effect.tap(notices.take, (notice) =>
    Effect.sync(() => {
      missedEvents ||= notice._tag !== "Event" && notice._tag !== "Settled"
      isDeleted ||= isDeletion(notice, session.id)
    }),
  )
  while (true) {
    const notice = yield* Effect.timeoutOption(
      Effect.repeat(takeNotice, { until: (notice) => isNews(notice, session) }),
      patience,
    )
    if (Option.isSome(notice) && notice.value._tag === "Event") {
      const { event } = notice.value
      if (event._tag === "MessageChanged" && event.info.id === turn.prompt)
        return { turn: Turn.advance(turn, event), missedEvents }
      // A failure that concerns no prompt keeps the next prompt in the queue.
      if (event._tag === "SessionFailed" && event.prompts === undefined) failure = event.failure
    }
    const reading = yield* Effect.result(persistently(readQueue(opencode, session, turn)))
    if (reading._tag === "Failure") {
      if (reading.failure._tag === "SessionNotFound" && !isDeleted)
        yield* Effect.timeoutOption(
          Effect.repeat(takeNotice, { until: () => isDeleted || missedEvents }),
          deletionArrives,
        )
      return { turn, missedEvents, outcome: lost(reading.failure, isDeleted) }
    }
    const { success: now } = reading
    if (now._tag === "Delivered") return { turn: now.turn, missedEvents }
    if (now._tag === "Queued" && !now.isIdle) {
      if (now.waitingFor !== undefined) return { turn, missedEvents, outcome: behind(now.waitingFor) }
      // Otherwise the session is busy with this prompt, which it has not taken out of the queue yet.
      if (isBusy || now.ahead > 1) yield* onPosition(now.ahead)
      unsettledReads = 0
      patience = lookAgain
      continue
    }
    patience = untilParked.interval
    if (++unsettledReads < untilParked.reads) continue
    if (now._tag === "Gone") return { turn, missedEvents, outcome: withdrawn }
    if (failure === undefined) return { turn, missedEvents, outcome: parked }
    // It would fail again, and stay in the way of later prompts.
    yield* Effect.ignore(opencode.withdrawPrompt(session.id, turn.prompt))
    return { turn, missedEvents, outcome: { _tag: "failed", detail: failure.message } }
  }
})

/**
 * The outcome of a prompt that is still in the server's queue; `None` if it is not, or if that cannot be found out within
 * 2 s.
 */
export const queuedOutcome = (
  { opencode, session }: SessionAddress,
  { answers, prompt }: Turn.Turn,
): Effect.Effect<Option.Option<Turn.Outcome>> =>
  Effect.gen(function* () {
    if (opencode.capabilities.promptQueue === "none" || answers.size > 0) return Option.none()
    const isQueued = Effect.map(opencode.queuedPrompts(session.id), (queue) => queue.some(({ id }) => id === prompt))
    if (!(yield* isQueued)) return Option.none()
    // Between two turns, the session is idle for a moment.
    const isIdle = Effect.map(statusOf(opencode, session), ({ type }) => type === "idle")
    const stays = yield* Effect.repeat(isIdle, {
      while: (idle) => idle,
      schedule: Schedule.max([Schedule.spaced("250 millis"), Schedule.recurs(4)]),
    })
    if (stays) return (yield* isQueued) ? Option.some(parked) : Option.none()
    const [first] = yield* pendingRequestsOf(opencode, session)
    return Option.some(behind(first))
  }).pipe(
    Effect.timeout("2 seconds"),
    Effect.orElseSucceed(() => Option.none<Turn.Outcome>()),
  )

/** The prompts in the queue. If it is parked, nothing starts them until another prompt is sent. */
export const readServerQueue = Effect.fnUntraced(function* ({
  opencode,
  session,
}: Pick<SessionAddress, "opencode" | "session">) {
  const prompts = opencode.capabilities.promptQueue === "none" ? [] : yield* opencode.queuedPrompts(session.id)
  return { prompts, isParked: prompts.length > 0 && (yield* statusOf(opencode, session)).type === "idle" }
})

/** Follows the turn of a prompt that may still be in the server's queue. */
export const followQueued = Effect.fnUntraced(function* (
  following: FollowTurn,
  isBusy: boolean,
  onPosition: (turnsAhead: number) => Effect.Effect<void>,
): Effect.fn.Return<TurnReport> {
  const { onTurn, turn } = following
  const delivery = yield* awaitDelivery(following, isBusy, onPosition)
  if (delivery.turn !== turn) yield* onTurn(delivery.turn)
  if (delivery.outcome !== undefined) return { outcome: delivery.outcome, turn: delivery.turn }
  return yield* followTurn({
    ...following,
    turn: delivery.turn,
    joined: false,
    connected: true,
    missedEvents: delivery.missedEvents,
  })
})

const behind = (pending: PendingRequest | undefined): Turn.Outcome => ({
  _tag: "accepted",
  parked: false,
  ...(pending === undefined ? {} : { waitingFor: pending }),
  detail: `it waits in the session's inbox until the running turn ends${
    pending === undefined ? "" : `, which is waiting for a person (${describe(pending)})`
  }`,
})
