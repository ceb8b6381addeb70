/** How a tool's call follows a turn: how long, whom it tells, whom it asks, and what it answers. */
import { Clock, Duration, Effect, Ref } from "effect"
import type { Report } from "../../opencode/turns/observeTurn.ts"
import { askPerson, type Origin } from "../requests/askPerson.ts"
import { Call } from "../../mcp/Call.ts"
import { reporter } from "./turnProgress.ts"
import { turnView } from "./turnView.ts"

/** Most clients give up on a call after 60 s, unless progress keeps them waiting. The answer has to be there before. */
export const patienceWithoutProgress = 47_000

export interface FollowerOptions {
  /** How long a call may wait where its client follows its progress. Default: 5 minutes. */
  readonly sendTimeout?: Duration.Input | undefined
}

export const makeFollower = ({ sendTimeout = "5 minutes" }: FollowerOptions = {}) => {
  const longest = Duration.toMillis(sendTimeout)

  return Effect.fnUntraced(function* (
    origin: Origin,
    /** When the client began to wait, in epoch milliseconds: finding instance and session has cost some time. */
    began: number,
    decidedBefore: ReadonlyArray<string> = [],
  ) {
    const call = yield* Call
    const decided = yield* Ref.make(decidedBefore)
    const most = call.wantsProgress ? longest : Math.min(longest, patienceWithoutProgress)
    return {
      decided,
      options: {
        patience: Math.max(0, most - ((yield* Clock.currentTimeMillis) - began)),
        observe: yield* reporter(call),
        decide: askPerson(call, origin, decided),
      },
      view: ({ outcome, turn }: Report) =>
        Effect.map(Ref.get(decided), (decisions) => turnView(origin.target, turn, outcome, decisions)),
    }
  })
}
