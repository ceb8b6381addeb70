/** How a tool call follows a turn: how long it waits, which progress it sends, how it asks the person, and its result. */
import { Clock, Duration, Effect, Ref } from "effect"
import type { TurnReport } from "../../opencode/turns/followTurn.ts"
import { observeTurn, type TurnStages } from "../../opencode/turns/observeTurn.ts"
import { askPerson, type Origin } from "../requests/askPerson.ts"
import { Call } from "../../mcp/Call.ts"
import { makeProgressReporter } from "./turnProgress.ts"
import { defaultSendTimeout } from "./defaultSendTimeout.ts"
import { turnView } from "./turnView.ts"

export interface FollowerOptions {
  /** Maximum time that a call follows a turn. A caller with a shorter timeout sets `Call.answerWithin`. Default: 280 s. */
  readonly sendTimeout?: Duration.Input | undefined
}

export const makeFollower = ({ sendTimeout = defaultSendTimeout }: FollowerOptions = {}) => {
  const timeout = Duration.toMillis(sendTimeout)

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
    const longest = call.answerWithin === undefined ? timeout : Math.min(timeout, Duration.toMillis(call.answerWithin))
    const asking = { call, origin, decided, rounds: before.rounds }
    return {
      asking,
      decided,
      options: {
        timeout: Math.max(0, longest - ((yield* Clock.currentTimeMillis) - startedAt)),
        decide: askPerson(asking),
      },
      /** Follows the turn, with progress if the client wants it, and returns the tool's result. */
      report: <E, R>(follow: (stages: TurnStages | undefined) => Effect.Effect<TurnReport, E, R>) =>
        Effect.gen(function* () {
          const report = yield* call.wantsProgress ? observeTurn(follow, observe) : follow(undefined)
          return turnView(origin.target, report, yield* Ref.get(decided))
        }),
    }
  })
}
