/** Follows the turns of several sessions at once, and returns what is known of each when that is enough. */
import { Deferred, Duration, Effect, Option } from "effect"
import type { DecideRequest, TurnReport } from "../../opencode/turns/followTurn.ts"
import { type TurnStages, unobserved } from "../../opencode/turns/observeTurn.ts"
import type { ToolError } from "../shared/errorText.ts"
import {
  areKnown,
  follow,
  isEnough,
  isReported,
  type ManyState,
  type ManyTurn,
  type Place,
  type Until,
} from "./ManyTurns.ts"

/** How long a call waits at its end for the sessions of which nothing is known yet. */
const untilKnown = "3 seconds"

/** A turn reports its own timeout, which takes up to 2 s. */
const untilTimedOut = 3000

/** What follows one of the turns tells this about it. */
interface ManyWatch {
  readonly found: (place: Place) => Effect.Effect<void>
  /** Receives each stage of the turn. */
  readonly stages: TurnStages
  /** Decides nothing: notes that the turn waits for a person, and goes on when the request is settled elsewhere. */
  readonly decide: DecideRequest
}

/** A session as the caller named it, and how its turn is followed. */
export interface Member<R> {
  readonly place: Place
  readonly run: (watch: ManyWatch) => Effect.Effect<TurnReport, ToolError, R>
}

interface ManyOptions {
  readonly until: Until
  /** Milliseconds. */
  readonly timeout: number
  /** Called when a turn has ended, has failed, or begins to wait for a person. */
  readonly onReported?: ((turn: ManyTurn) => Effect.Effect<void>) | undefined
  /** Runs beside the call. */
  readonly observe?: ((now: Effect.Effect<ReadonlyArray<ManyTurn>>) => Effect.Effect<void>) | undefined
}

/** Never stops a turn: the agents keep working when it returns or is interrupted. */
export const followMany = Effect.fnUntraced(function* <R>(
  members: ReadonlyArray<Member<R>>,
  { observe, onReported = () => Effect.void, timeout, until }: ManyOptions,
) {
  let turns: ReadonlyArray<ManyTurn> = members.map(({ place }) => ({ place, state: { _tag: "Unknown" } }))
  const enough = yield* Deferred.make<void>()
  const known = yield* Deferred.make<void>()

  const change = (index: number, next: (before: ManyTurn) => ManyTurn) =>
    Effect.suspend(() => {
      const before = turns[index]
      if (before === undefined) return Effect.void
      const after = next(before)
      turns = turns.with(index, after)
      return Effect.all(
        [
          isReported(after) && !isReported(before) ? onReported(after) : Effect.void,
          isEnough(turns, until) ? Deferred.succeed(enough, undefined) : Effect.void,
          areKnown(turns) ? Deferred.succeed(known, undefined) : Effect.void,
        ],
        { discard: true },
      )
    })
  const changeState = (index: number, next: (before: ManyState) => ManyState) =>
    change(index, ({ place, state }) => ({ place, state: next(state) }))

  const watchOf = (index: number): ManyWatch => ({
    found: (place) => change(index, ({ state }) => ({ place, state })),
    stages: {
      ...unobserved,
      publish: (stage) =>
        stage._tag === "Following" ? changeState(index, (before) => follow(before, stage.turn)) : Effect.void,
    },
    decide: ({ request }, turn) =>
      Effect.andThen(
        changeState(index, () => ({ _tag: "Following", turn, isRead: true, asks: request.id })),
        Effect.never,
      ),
  })

  const following = Effect.forEach(
    members,
    ({ run }, index) =>
      Effect.matchEffect(run(watchOf(index)), {
        onFailure: (error) => changeState(index, () => ({ _tag: "Failed", error })),
        onSuccess: (report) => changeState(index, () => ({ _tag: "Ended", report })),
      }),
    { concurrency: "unbounded", discard: true },
  )
  const returning = Effect.andThen(Deferred.await(enough), Effect.timeoutOption(Deferred.await(known), untilKnown))
  const now = Effect.sync(() => turns)
  yield* Effect.raceAllFirst([
    following,
    returning,
    Effect.sleep(Duration.millis(timeout + untilTimedOut)),
    ...Option.match(Option.fromUndefinedOr(observe), {
      onNone: () => [],
      onSome: (observe) => [Effect.andThen(observe(now), Effect.never)],
    }),
  ])
  return turns
})
