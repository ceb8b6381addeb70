/** Does not send a message that waits for its turn when its client is gone: minutes later, it would come as a surprise. */
import { Effect, identity } from "effect"
import { Call } from "../../mcp/Call.ts"
import type { TurnStages } from "../../opencode/turns/observeTurn.ts"
import { SessionBusy } from "../../opencode/turns/sendErrors.ts"
import type { SessionAddress } from "../../opencode/turns/SessionAddress.ts"

/** Once the message is being sent, a client that is gone changes nothing. */
export const whileClientIsThere = Effect.fnUntraced(function* <A, E, R>(
  { session, target }: Pick<SessionAddress, "session" | "target">,
  send: (watching: (stages: TurnStages) => TurnStages) => Effect.Effect<A, E, R>,
) {
  const { clientGone } = yield* Call
  if (clientGone === undefined) return yield* send(identity)
  let state: "waiting" | "sending" | "given up" = "waiting"
  const watching = (stages: TurnStages): TurnStages => ({
    ...stages,
    publish: (stage) =>
      Effect.suspend(() => {
        if (stage._tag !== "Following") return stages.publish(stage)
        if (state === "given up") return Effect.never
        state = "sending"
        return stages.publish(stage)
      }),
  })
  const givenUp = Effect.flatMap(clientGone, () => {
    if (state === "sending") return Effect.never
    state = "given up"
    return Effect.fail(new SessionBusy({ instance: target.instance, session: session.id, clientGone: true }))
  })
  return yield* Effect.raceFirst(send(watching), givenUp)
})
