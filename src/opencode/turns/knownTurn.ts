/** The turn of one call, as far as it is known: what is reported when the patience ends, and what an observer sees. */
import { Effect, Option, Ref } from "effect"
import type { TurnStages } from "./observeTurn.ts"
import type * as Turn from "../turn/Turn.ts"

export interface KnownTurn {
  /** `None` until the prompt is about to be sent. */
  readonly get: Effect.Effect<Option.Option<Turn.Turn>>
  /** Keeps the turn and publishes it. */
  readonly set: (turn: Turn.Turn) => Effect.Effect<void>
}

export const makeKnownTurn = (stages: TurnStages | undefined): Effect.Effect<KnownTurn> =>
  Effect.map(Ref.make(Option.none<Turn.Turn>()), (known) => ({
    get: Ref.get(known),
    set: (turn) =>
      Effect.andThen(
        Ref.set(known, Option.some(turn)),
        stages === undefined ? Effect.void : stages.publish({ _tag: "Following", turn }),
      ),
  }))
