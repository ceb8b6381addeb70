/** How a tool call follows a turn: how long it waits, which progress it sends, how it asks the person, and its result. */
import { Clock, Duration, Effect, Ref } from "effect"
import { toucher } from "../../fleet/attention/Attention.ts"
import { Fleet } from "../../fleet/Fleet.ts"
import type { Turn } from "../../opencode/turn/Turn.ts"
import type { TurnReport } from "../../opencode/turns/followTurn.ts"
import { observeTurn, type TurnStage, type TurnStages, unobserved } from "../../opencode/turns/observeTurn.ts"
import { askPerson, type Origin } from "../requests/askPerson.ts"
import { Call, type CallValues } from "../../mcp/Call.ts"
import type { Target } from "../../opencode/Target.ts"
import { setCheckpoint } from "../tasks/checkpoint.ts"
import { makeProgressReporter } from "./turnProgress.ts"
import { defaultSendTimeout } from "./defaultSendTimeout.ts"
import { turnView } from "./turnView.ts"

export interface FollowerOptions {
  /** Maximum time that a call follows a turn. A caller with a shorter timeout sets `Call.answerWithin`. Default: 280 s. */
  readonly sendTimeout?: Duration.Input | undefined
}

/** Milliseconds. Most of the requests that a touch sends would delay a shorter turn. */
const longTurn = 1000

/** The open requests of a turn, and whether it runs: what list_instances shows of it. */
const shownState = ({ pending, status }: Turn, isLong: boolean) =>
  [isLong && status.type !== "idle", ...pending.keys()].join(" ")

/**
 * Passes the stages on, and has list_instances notice each request that is opened or settled, a turn that is still running
 * after a second, and its end. The caller notices the end of the call.
 */
export const noticing = (touch: Effect.Effect<void>, stages: TurnStages): TurnStages => {
  let shown: string | undefined
  let begun: number | undefined
  const notice = Effect.fnUntraced(function* (stage: TurnStage) {
    if (stage._tag !== "Following") return
    const now = yield* Clock.currentTimeMillis
    begun ??= now
    // A prompt that is about to be sent changes nothing yet; a decision that this call has sent does.
    const before = shown ?? (stage.turn.accepted ? undefined : shownState(stage.turn, false))
    shown = shownState(stage.turn, now - begun >= longTurn)
    if (shown !== before) yield* touch
  })
  return { ...stages, publish: (stage) => Effect.andThen(notice(stage), stages.publish(stage)) }
}

/** A task is followed until it ends, but at most this long, because its client may have forgotten it. */
const longestTask: Duration.Input = "1 day"

/** In milliseconds: a caller may wait for less than `sendTimeout`. */
export const callTimeout = (
  { answerWithin = Duration.infinity, task }: CallValues,
  sendTimeout: Duration.Input,
): number =>
  task === undefined
    ? Math.min(Duration.toMillis(sendTimeout), Duration.toMillis(answerWithin))
    : Duration.toMillis(longestTask)

/** Passes the stages on, and keeps the call's checkpoint at the turn that it follows. */
const checkpointing = (call: CallValues, { instance }: Target, stages: TurnStages): TurnStages => {
  const keep = (stage: TurnStage) => {
    if (stage._tag !== "Following") return Effect.void
    const { prompt, session } = stage.turn
    return setCheckpoint(call, { _tag: "Turn", instance, session, prompt })
  }
  return { ...stages, publish: (stage) => Effect.andThen(keep(stage), stages.publish(stage)) }
}

/** A turn that lost its server may mean that the instance is gone. */
export const recheckIfLost = (fleet: Fleet["Service"], { url }: Target, { outcome }: TurnReport) =>
  outcome._tag === "unreachable" || outcome._tag === "interrupted" ? fleet.recheck(url) : Effect.void

export const makeFollower = Effect.fnUntraced(function* ({ sendTimeout = defaultSendTimeout }: FollowerOptions = {}) {
  const touchAt = yield* toucher
  const fleet = yield* Fleet

  return Effect.fnUntraced(function* (
    origin: Origin,
    /** When the call started, in epoch milliseconds. Resolving the instance and the session counts towards the timeout. */
    startedAt: number,
    /** What earlier calls have brought, if this one continues them. */
    before: { readonly decided: ReadonlyArray<string>; readonly rounds: number } = { decided: [], rounds: 0 },
  ) {
    const call = yield* Call
    const decided = yield* Ref.make(before.decided)
    const { observe } = yield* makeProgressReporter(call)
    const longest = callTimeout(call, sendTimeout)
    const asking = { call, origin, decided, rounds: before.rounds }
    return {
      asking,
      decided,
      options: {
        timeout: Math.max(0, longest - ((yield* Clock.currentTimeMillis) - startedAt)),
        decide: askPerson(asking),
      },
      /** Follows the turn, with progress if the client wants it, and returns the tool's result. */
      report: <E, R>(follow: (stages: TurnStages) => Effect.Effect<TurnReport, E, R>) =>
        Effect.gen(function* () {
          const touch = touchAt(origin.target.url)
          const noticed = (stages: TurnStages) => follow(checkpointing(call, origin.target, noticing(touch, stages)))
          const report = yield* call.wantsProgress ? observeTurn(noticed, observe) : noticed(unobserved)
          yield* recheckIfLost(fleet, origin.target, report)
          return turnView(origin.target, report, yield* Ref.get(decided))
        }),
    }
  })
})
