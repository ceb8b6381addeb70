/** Follows a turn that is already running or has ended, and then the messages in the server's queue. */
import { Clock, Duration, Effect, Option, type Scope } from "effect"
import { abandonable } from "./abandonable.ts"
import { type ClientError } from "../errors.ts"
import { NoTurn } from "../requests/decisionErrors.ts"
import { stillRunning } from "./followStep.ts"
import { type DecideRequest, followTurn, type TurnReport, undecided } from "./followTurn.ts"
import { makeKnownTurn } from "./knownTurn.ts"
import type { InstanceEvents } from "../events/InstanceEvents.ts"
import type { MessageId } from "../Identifiers.ts"
import type { TurnStages } from "./observeTurn.ts"
import type { SessionAddress } from "./SessionAddress.ts"
import { followQueued, queuedOutcome, readServerQueue } from "./serverQueue.ts"
import type { Session } from "../sessions/Session.ts"
import { lastPrompt, refreshTurn } from "./storedTurn.ts"
import * as Turn from "../turn/Turn.ts"
import { countingUnreadable, nothingUnreadable, notUnderstood } from "../Unreadable.ts"

export interface TurnTimeout {
  /** Timeout of the whole call, including the wait for another turn. A number is in milliseconds. */
  readonly timeout: Duration.Input
}

/** Code passed in here cannot delay the outcome, the timeout or an interruption. */
export interface FollowOptions {
  /** Receives the progress of the call; see `observeTurn`. */
  readonly stages?: TurnStages | undefined
  /** Default: decides nothing, so a pending request ends the call with `needs permission` or `needs answer`. */
  readonly decide?: DecideRequest | undefined
}

export interface JoinOptions extends FollowOptions, TurnTimeout {
  /** The message whose turn is followed. Default: the last turn of the session. */
  readonly prompt?: MessageId | undefined
  /** Runs once after the event subscription, so that none of its effects is missed. For example, it sends a decision. */
  readonly first?: Effect.Effect<void, ClientError> | undefined
}

/** The session of the turn: that of a subagent, if a slash command works in one. */
const sessionOf = ({ opencode, session }: SessionAddress, turn: Turn.Turn) =>
  turn.session === session.id ? Effect.succeed(session) : opencode.session(turn.session)

/** The turn may have ended just before the timeout, for example while a laptop slept, so the stored state is read. */
export const reportTimeout = Effect.fnUntraced(function* (address: SessionAddress, before: Turn.Turn) {
  const queued = yield* queuedOutcome(address, before)
  if (Option.isSome(queued)) return { outcome: queued.value, turn: before }
  const { opencode, target } = address
  const stored = Effect.flatMap(sessionOf(address, before), (session) => refreshTurn(opencode, session, before))
  const read = yield* countingUnreadable(stored).pipe(Effect.timeout("2 seconds"), Effect.option)
  const { result: turn, unreadable } = Option.getOrElse(read, () => ({ result: before, unreadable: nothingUnreadable }))
  const unknown = notUnderstood(unreadable, target.version)
  const unfinished = (): Turn.Outcome => {
    if (turn.status.type === "idle")
      return { ...stillRunning, detail: "the session is idle, but its answer is not complete" }
    if (unknown !== undefined) {
      return { ...stillRunning, detail: `${unknown}: it may wait for a person; open it in opencode` }
    }
    return Option.isSome(read)
      ? Turn.runningOutcome(turn)
      : { ...stillRunning, detail: "the instance does not answer right now" }
  }
  return { outcome: Turn.outcome(turn) ?? unfinished(), turn }
})

interface QueuedOrStored {
  readonly id: MessageId
  readonly isQueued: boolean
}

const accepted = ({ id }: Session, prompt: MessageId): Turn.Turn => ({ ...Turn.begin(id, prompt), accepted: true })

export const isSettled = ({ outcome }: TurnReport) =>
  ["completed", "failed", "aborted", "rejected", "interrupted"].includes(outcome._tag)

/** Follows the turn of a prompt, and then those of the prompts after it in the server's queue. */
const joinTurns = Effect.fnUntraced(function* (
  events: InstanceEvents["Service"],
  address: SessionAddress,
  prompt: QueuedOrStored,
  behind: ReadonlyArray<MessageId>,
  { decide = undecided, first, stages, timeout }: JoinOptions,
): Effect.fn.Return<TurnReport, ClientError, Scope.Scope> {
  const { session, target } = address
  const started = yield* Clock.currentTimeMillis
  const notices = yield* events.subscribe(target)
  const known = yield* makeKnownTurn(stages)
  const onPosition = (turnsAhead: number) => stages?.publish({ _tag: "Queued", turnsAhead }) ?? Effect.void
  const follow = Effect.fnUntraced(function* ({ id, isQueued }: QueuedOrStored) {
    const turn = accepted(session, id)
    yield* known.set(turn)
    const following = { ...address, notices, turn, decide, onTurn: known.set, connected: true, joined: true }
    const toTheEnd = { ...following, goal: "settled" } as const
    return yield* isQueued ? followQueued(toTheEnd, true, onPosition) : followTurn(toTheEnd)
  })
  const left = Duration.toMillis(timeout) - ((yield* Clock.currentTimeMillis) - started)
  const work = Effect.gen(function* () {
    if (first !== undefined) yield* abandonable(first)
    let report = yield* follow(prompt)
    for (const id of behind) {
      if (!isSettled(report)) break
      report = yield* follow({ id, isQueued: true })
    }
    return report
  })
  return yield* Effect.timeoutOrElse(work, {
    duration: Math.max(0, left),
    orElse: () =>
      Effect.flatMap(known.get, (now) =>
        reportTimeout(
          address,
          Option.getOrElse(now, () => accepted(session, prompt.id)),
        ),
      ),
  })
}, Effect.scoped)

/** Follows the turn of a prompt that is stored or in the server's queue. */
export const joinTurn = Effect.fnUntraced(function* (
  events: InstanceEvents["Service"],
  address: SessionAddress,
  prompt: MessageId,
  options: JoinOptions,
) {
  const { opencode, session } = address
  const queue = yield* opencode.queuedPrompts(session.id)
  const isQueued = queue.some(({ id }) => id === prompt)
  return yield* joinTurns(events, address, { id: prompt, isQueued }, [], options)
})

/** A plugin's note (`noReply`) is stored like a message that opencode never started to answer. */
const withNote = (unanswered: MessageId, report: TurnReport): TurnReport => {
  const { outcome } = report
  if (outcome._tag !== "completed") return report
  const note = `a later message has no answer (${unanswered}): a note that a plugin or a client stored, or a message that opencode never started to answer`
  return {
    ...report,
    outcome: { ...outcome, detail: outcome.detail === undefined ? note : `${outcome.detail}; ${note}` },
  }
}

/** Follows the session's last turn; if it is running, also those of the messages that wait in the server's queue. */
export const joinLast = Effect.fnUntraced(function* (
  events: InstanceEvents["Service"],
  address: SessionAddress,
  options: JoinOptions,
): Effect.fn.Return<TurnReport, ClientError | NoTurn> {
  const { opencode, session, target } = address
  // A decision concerns the running turn.
  const { isParked, prompts } = yield* readServerQueue(address)
  const queued = options.first === undefined && !isParked ? prompts.map(({ id }) => id) : []
  const { result: stored, unreadable } = yield* countingUnreadable(lastPrompt(opencode, session))
  const behind = queued.filter((id) => id !== stored)
  if (stored !== undefined) {
    const report = yield* joinTurns(events, address, { id: stored, isQueued: false }, behind, options)
    const { outcome, turn } = report
    const isUnanswered = outcome._tag === "failed" && turn.prompt === stored && turn.answers.size === 0
    if (!isUnanswered || turn.error !== undefined) return report
    const before = yield* lastPrompt(opencode, session, 1)
    return before === undefined
      ? report
      : withNote(stored, yield* joinTurn(events, address, before, { ...options, first: undefined }))
  }
  const [next, ...rest] = behind
  if (next === undefined) {
    const unknown = notUnderstood(unreadable, target.version)
    return yield* new NoTurn({
      instance: target.instance,
      session: session.id,
      ...(unknown === undefined ? {} : { notUnderstood: unknown }),
    })
  }
  return yield* joinTurns(events, address, { id: next, isQueued: true }, rest, options)
})
