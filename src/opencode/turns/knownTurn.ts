/** What a call knows of its turn: reported after a timeout, and published to the observer. */
import { Effect, Option, Ref } from "effect"
import type { TurnStages } from "./observeTurn.ts"
import type * as Turn from "../turn/Turn.ts"

export interface KnownTurn {
  /** `None` until the prompt is about to be sent. */
  readonly get: Effect.Effect<Option.Option<Turn.Turn>>
  /** Whether the call waits for another turn, in this process's queue or elsewhere. It begins so. */
  readonly isBehind: Ref.Ref<boolean>
  /** Stores the turn and publishes it. */
  readonly set: (turn: Turn.Turn) => Effect.Effect<void>
}

export const makeKnownTurn = (stages: TurnStages | undefined): Effect.Effect<KnownTurn> =>
  Effect.zipWith(Ref.make(Option.none<Turn.Turn>()), Ref.make(true), (known, isBehind) => ({
    get: Ref.get(known),
    isBehind,
    set: (turn) =>
      Effect.andThen(
        Ref.set(known, Option.some(turn)),
        stages === undefined ? Effect.void : stages.publish({ _tag: "Following", turn }),
      ),
  }))
