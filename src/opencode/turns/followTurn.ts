/** Follows one turn to its outcome: performs the actions that `followStep.ts` chooses, and passes it the results. */
import { Cause, Clock, Effect, Option } from "effect"
import { abandonable } from "./abandonable.ts"
import { keepAwake } from "./keepAwake.ts"
import type { ClientError } from "../errors.ts"
import type { FollowAction, FollowInput, OpenDecision } from "./followState.ts"
import * as Follow from "./followStep.ts"
import type { SessionId } from "../Identifiers.ts"
import type { Notice, Notices } from "../events/InstanceEvents.ts"
import type { Opencode } from "../Opencode.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import { persistently, readStored } from "./storedTurn.ts"
import type { Session } from "../sessions/Session.ts"
import type { Target } from "../Target.ts"
import { unlessTakenOver } from "./takenOver.ts"
import { isUnfinished, isUnstarted, unfinishedOutcome } from "../turn/Turn.ts"
import type * as Turn from "../turn/Turn.ts"

/**
 * Asks a person to decide a pending request; `None` if they decide nothing. It is interrupted when the request is settled
 * elsewhere.
 *
 * The returned effect sends the decision to opencode, and returns whether opencode accepted it. If not, the turn still
 * waits. A defect in either effect is logged and decides nothing.
 */
export type DecideRequest = (
  request: PendingRequest,
  turn: Turn.Turn,
) => Effect.Effect<Option.Option<Effect.Effect<boolean, ClientError>>>

/** For a caller without a person to ask. */
export const undecided: DecideRequest = () => Effect.succeedNone

export interface TurnReport {
  readonly outcome: Turn.Outcome
  readonly turn: Turn.Turn
  /** Whether opencode had the message before the call, which then sent nothing. */
  readonly repeated?: boolean
  /** The session that was sent a slash command, if the turn is that of the subagent in which the command works. */
  readonly commandOf?: SessionId
}

export interface FollowTurn extends Omit<Follow.FollowStart, "now"> {
  readonly target: Target
  readonly opencode: Opencode
  readonly session: Session
  readonly notices: Notices
  readonly decide: DecideRequest
  /** Called with each new value of the turn. */
  readonly onTurn: (turn: Turn.Turn) => Effect.Effect<void>
}

/** Whether events may be missing before the notice. */
const isGap = ({ _tag }: Notice) => _tag !== "Event" && _tag !== "Settled"

/** The prompt was sent, so a defect in the caller's code must not hide what becomes of the turn: it decides nothing. */
const orElseUndecided = <A, E, B>(deciding: Effect.Effect<A, E>, undecided: B): Effect.Effect<A | B, E> =>
  Effect.catchCauseIf(
    deciding,
    (cause) => !Cause.hasFails(cause),
    (cause) => Effect.as(Effect.logError("a decision about a pending request failed", cause), undecided),
  )

/** Returns when the turn ends, when the person does not decide a request, or when the instance does not come back. */
export const followTurn = Effect.fnUntraced(function* (options: FollowTurn): Effect.fn.Return<TurnReport> {
  const { decide, notices, onTurn, opencode, session, target } = options
  let state = Follow.begin({ ...options, now: yield* Clock.currentTimeMillis })
  let decision: Effect.Effect<boolean, ClientError> = Effect.succeed(false)
  let lastEvent = yield* Clock.currentTimeMillis

  const proceed = Effect.fnUntraced(function* (input: FollowInput) {
    const { turn } = state
    state = Follow.step(state, input)
    if (state.turn === turn) return
    if (input._tag === "Notice") lastEvent = input.now
    yield* onTurn(state.turn)
  })

  const listen = Effect.fnUntraced(function* (atMost: number) {
    const notice = yield* Effect.timeoutOption(notices.take, atMost)
    return Option.isNone(notice)
      ? ({ _tag: "NoNotice" } as const)
      : ({ _tag: "Notice", notice: notice.value, now: yield* Clock.currentTimeMillis } as const)
  })

  const read = Effect.fnUntraced(function* ({ delay, retryFor }: Extract<FollowAction, { _tag: "Read" }>) {
    if (delay > 0) yield* Effect.sleep(delay)
    const stored = yield* persistently(readStored(opencode, session, state.turn), retryFor)
    return { _tag: "Stored", stored, now: yield* Clock.currentTimeMillis } as const
  })

  const perform = (action: Exclude<FollowAction, { _tag: "End" }>): Effect.Effect<FollowInput> => {
    const failed = Effect.catch((error: ClientError) => Effect.succeed({ _tag: "Failed", error } as const))
    switch (action._tag) {
      case "Listen":
        return listen(action.atMost)
      case "Read":
        return failed(read(action))
      case "SendDecision":
        return failed(
          Effect.map(abandonable(orElseUndecided(decision, false)), (accepted) => ({ _tag: "DecisionSent", accepted })),
        )
    }
  }

  /** Asks the person while it keeps following, so that the form closes when the request is settled elsewhere. */
  const ask = Effect.fnUntraced(function* (openDecision: OpenDecision) {
    const settledElsewhere = Effect.gen(function* () {
      while (state.openDecision === openDecision && state.next._tag !== "End")
        yield* proceed(yield* perform(state.next))
      return undefined
    })
    const deciding = Effect.suspend(() => decide(openDecision.request, state.turn))
    const answer = yield* Effect.raceFirst(abandonable(orElseUndecided(deciding, Option.none())), settledElsewhere)
    if (answer === undefined || state.openDecision !== openDecision) return
    if (Option.isSome(answer)) decision = answer.value
    yield* proceed({ _tag: Option.isSome(answer) ? "Decided" : "NotDecided" })
  })

  /** opencode breaks off every turn in a directory that was deleted, without storing why. */
  const unlessDirectoryIsGone = Effect.fnUntraced(function* (outcome: Turn.Outcome) {
    const isBrokenOff = (outcome._tag === "interrupted" || outcome._tag === "failed") && isUnfinished(state.turn)
    if (!isBrokenOff) return outcome
    const exists = opencode.hasDirectory(session.directory)
    if (yield* Effect.orElseSucceed(exists, () => true)) return outcome
    return { _tag: "failed", detail: `the session's directory does not exist any more: ${session.directory}` } as const
  })

  /** Notices that arrived during the last reads tell that opencode was killed before it began. */
  const unlessKilled = Effect.fnUntraced(function* (outcome: Turn.Outcome) {
    if (outcome._tag !== "failed" || !isUnstarted(state.turn)) return outcome
    const queued = Effect.timeoutOption(notices.take, 0)
    const last = yield* Effect.repeat(queued, { until: (one) => Option.isNone(one) || isGap(one.value) })
    return Option.isSome(last) ? unfinishedOutcome(state.turn, true) : outcome
  })

  const following = Effect.gen(function* () {
    while (true) {
      const { next, openDecision } = state
      if (next._tag === "End") {
        return {
          outcome: yield* unlessTakenOver(yield* unlessKilled(next.outcome), target, opencode).pipe(
            Effect.flatMap(unlessDirectoryIsGone),
          ),
          turn: state.turn,
        }
      }
      if (openDecision === undefined || next._tag === "SendDecision") yield* proceed(yield* perform(next))
      else yield* ask(openDecision)
    }
  })
  const { stopsSilentTurnsAfter: limit } = opencode.capabilities
  return yield* limit === undefined
    ? following
    : Effect.raceFirst(
        following,
        keepAwake(opencode, session, limit, () => lastEvent),
      )
})
