/** How a tool call follows a turn: for how long, how it reports progress and asks the person, and its answer. */
import { Clock, Duration, Effect, Ref } from "effect"
import type { Report } from "../../opencode/turns/observeTurn.ts"
import { askPerson, type Origin } from "../requests/askPerson.ts"
import { Call } from "../../mcp/Call.ts"
import { reporter } from "./turnProgress.ts"
import { turnView } from "./turnView.ts"

export interface FollowerOptions {
  /** The longest that a call follows a turn. A caller that gives up earlier says so in `Call`. Default: 5 minutes. */
  readonly sendTimeout?: Duration.Input | undefined
}

export const makeFollower = ({ sendTimeout = "5 minutes" }: FollowerOptions = {}) => {
  const timeout = Duration.toMillis(sendTimeout)

  return Effect.fnUntraced(function* (
    origin: Origin,
    /** When the call began, in epoch milliseconds: resolving the instance and the session has taken some time. */
    began: number,
    decidedBefore: ReadonlyArray<string> = [],
  ) {
    const call = yield* Call
    const decided = yield* Ref.make(decidedBefore)
    const longest = call.answerWithin === undefined ? timeout : Math.min(timeout, Duration.toMillis(call.answerWithin))
    return {
      decided,
      options: {
        patience: Math.max(0, longest - ((yield* Clock.currentTimeMillis) - began)),
        observe: yield* reporter(call),
        decide: askPerson(call, origin, decided),
      },
      view: ({ outcome, turn }: Report) =>
        Effect.map(Ref.get(decided), (decisions) => turnView(origin.target, turn, outcome, decisions)),
    }
  })
}
