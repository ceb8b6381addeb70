/** Follows one turn to its outcome: does what `followStep.ts` says is next, and tells it what has happened. */
import { Clock, Effect, Option } from "effect"
import { abandonable } from "./abandonable.ts"
import type { ClientError } from "../errors.ts"
import * as Follow from "./followStep.ts"
import type { Notices } from "../events/InstanceEvents.ts"
import type { Opencode } from "../Opencode.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import { persistently, readStored } from "./storedTurn.ts"
import type { Session } from "../sessions/Session.ts"
import type * as Turn from "../turn/Turn.ts"

/**
 * Has a person decide on a request that the turn waits for; `None` if they decide nothing. It is interrupted when the
 * request is settled elsewhere.
 *
 * The effect that it returns sends the decision to opencode and returns whether opencode took it. If not, the turn
 * still waits.
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
}

export interface FollowTurn extends Omit<Follow.FollowStart, "now"> {
  readonly opencode: Opencode
  readonly session: Session
  readonly notices: Notices
  readonly decide: DecideRequest
  /** Called with the turn whenever more is known of it. */
  readonly onTurn: (turn: Turn.Turn) => Effect.Effect<void>
}

/** Ends only with the turn, with a request that the person does not decide, or with an instance that does not come back. */
export const followTurn = Effect.fnUntraced(function* (options: FollowTurn): Effect.fn.Return<TurnReport> {
  const { decide, notices, onTurn, opencode, session } = options
  let state = Follow.begin({ ...options, now: yield* Clock.currentTimeMillis })
  let decision: Effect.Effect<boolean, ClientError> = Effect.succeed(false)

  const proceed = Effect.fnUntraced(function* (input: Follow.FollowInput) {
    const { turn } = state
    state = Follow.step(state, input)
    if (state.turn !== turn) yield* onTurn(state.turn)
  })

  const listen = Effect.fnUntraced(function* (atMost: number) {
    const notice = yield* Effect.timeoutOption(notices.take, atMost)
    return Option.isNone(notice)
      ? ({ _tag: "Silence" } as const)
      : ({ _tag: "Heard", notice: notice.value, now: yield* Clock.currentTimeMillis } as const)
  })

  const read = Effect.fnUntraced(function* (delay: number) {
    if (delay > 0) yield* Effect.sleep(delay)
    const stored = yield* persistently(readStored(opencode, session, state.turn))
    return { _tag: "Stored", stored, now: yield* Clock.currentTimeMillis } as const
  })

  const perform = (action: Exclude<Follow.FollowAction, { _tag: "End" }>): Effect.Effect<Follow.FollowInput> => {
    const failed = Effect.catch((error: ClientError) => Effect.succeed({ _tag: "Failed", error } as const))
    switch (action._tag) {
      case "Listen":
        return listen(action.atMost)
      case "Read":
        return failed(read(action.delay))
      case "SendDecision":
        return failed(Effect.map(abandonable(decision), (accepted) => ({ _tag: "DecisionSent", accepted }) as const))
    }
  }

  /** Asks the person, and goes on following meanwhile, so that the question ends when it is settled elsewhere. */
  const ask = Effect.fnUntraced(function* (question: Follow.OpenQuestion) {
    const settledElsewhere = Effect.gen(function* () {
      while (state.question === question && state.next._tag !== "End") yield* proceed(yield* perform(state.next))
      return undefined
    })
    const answer = yield* Effect.raceFirst(abandonable(decide(question.request, state.turn)), settledElsewhere)
    if (answer === undefined || state.question !== question) return
    if (Option.isSome(answer)) decision = answer.value
    yield* proceed({ _tag: Option.isSome(answer) ? "Decided" : "NotDecided" })
  })

  while (true) {
    const { next, question } = state
    if (next._tag === "End") return { outcome: next.outcome, turn: state.turn }
    if (question === undefined || next._tag === "SendDecision") yield* proceed(yield* perform(next))
    else yield* ask(question)
  }
})
