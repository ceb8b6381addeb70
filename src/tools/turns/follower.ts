/** How a tool call follows a turn: for how long, how it reports progress and asks the person, and its answer. */
import { Clock, Effect, Ref } from "effect"
import type { Report } from "../../opencode/turns/observeTurn.ts"
import { Settings } from "../../Settings.ts"
import { askPerson, type Origin } from "../requests/askPerson.ts"
import { Call } from "../../mcp/Call.ts"
import { reporter } from "./turnProgress.ts"
import { turnView } from "./turnView.ts"

/** Most clients give up on a call after 60 s, unless progress keeps them waiting. The answer has to be there before. */
export const patienceWithoutProgress = 47_000

export const makeFollower = Effect.gen(function* () {
  const { sendTimeout } = yield* Settings

  return Effect.fnUntraced(function* (
    origin: Origin,
    /** When the call began, in epoch milliseconds: resolving the instance and the session has taken some time. */
    began: number,
    decidedBefore: ReadonlyArray<string> = [],
  ) {
    const call = yield* Call
    const decided = yield* Ref.make(decidedBefore)
    const most = call.wantsProgress ? sendTimeout : Math.min(sendTimeout, patienceWithoutProgress)
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
})
