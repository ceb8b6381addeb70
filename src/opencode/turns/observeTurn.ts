/** Shows a caller how far its turn has got, while somebody else follows it. */
import { Effect, Schedule } from "effect"
import type * as Turn from "../turn/Turn.ts"

/** How far a call has got. */
export type Stage =
  /** The prompt is not sent yet; so many prompts or turns are before it in the session. */
  { readonly _tag: "Queued"; readonly ahead: number } | { readonly _tag: "Following"; readonly turn: Turn.Turn }

/** Called a few times a second. */
export type Observe = (stage: Stage) => Effect.Effect<void>

export const following = (turn: Turn.Turn): Stage => ({ _tag: "Following", turn })

export interface Report {
  readonly outcome: Turn.Outcome
  readonly turn: Turn.Turn
}

/** Observes while the work is done, and once more when it is. */
export const observed = <E>(
  observe: Observe,
  stage: Effect.Effect<Stage>,
  work: Effect.Effect<Report, E>,
): Effect.Effect<Report, E> => {
  // What an observation has begun to tell it tells to the end, or the turn's end would cut off a piece.
  const watching = Effect.uninterruptible(Effect.flatMap(stage, observe))
  return Effect.raceFirst(
    work,
    Effect.andThen(Effect.repeat(watching, Schedule.spaced("100 millis")), Effect.never),
  ).pipe(Effect.tap(({ turn }) => observe(following(turn))))
}
