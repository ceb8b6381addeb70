/** Sends a message, unless an earlier call with the same arguments sent it and its caller went away before the outcome. */
import { Effect } from "effect"
import { EffectUncertain } from "../../opencode/errors.ts"
import type { SessionAddress } from "../../opencode/turns/SessionAddress.ts"
import { lookForArrival } from "../../opencode/turns/promptArrival.ts"
import type { TurnStages } from "../../opencode/turns/observeTurn.ts"
import type { MessageId } from "../../opencode/Identifiers.ts"
import * as Turn from "../../opencode/turn/Turn.ts"
import { type MessageCall, type UnansweredMessage, UnansweredMessages } from "./UnansweredMessages.ts"
import type { TurnView } from "./turnSchemas.ts"

/** How long a message that was sent just before its caller went away may need to be stored. */
const storedWithin = "3 seconds"

const sentByEarlierCall =
  "An earlier call sent this message and could not return its outcome, so this call followed its turn. To send it once more, call again."

export interface SendOnce<E, R> {
  readonly send: (keeping: (stages: TurnStages) => TurnStages) => Effect.Effect<TurnView, E, R>
  /** Follows the turn of a message that opencode has. */
  readonly follow: (prompt: MessageId) => Effect.Effect<TurnView, E, R>
}

/**
 * The earlier message, if opencode has it. Fails if the session cannot be read, and if the message may have run as a command,
 * which has no id to look for.
 */
const arrived = Effect.fnUntraced(function* (address: SessionAddress, call: MessageCall, earlier: UnansweredMessage) {
  const turn = Turn.begin(call.session, earlier.prompt)
  const { accepted } = yield* lookForArrival(address, turn, "its caller went away", storedWithin)
  if (accepted) return earlier.prompt
  yield* (yield* UnansweredMessages).forget(earlier.prompt)
  if (earlier.accepted || !call.text.startsWith("/")) return undefined
  const { session, target } = address
  return yield* new EffectUncertain({
    instance: target.instance,
    effect: "command",
    session: session.id,
    detail: "an earlier call sent it and was cancelled meanwhile",
  })
})

export const sendOnce = Effect.fnUntraced(function* <E, R>(
  address: SessionAddress,
  call: MessageCall,
  { follow, send }: SendOnce<E, R>,
) {
  const { find, forget, remember } = yield* UnansweredMessages
  const earlier = yield* find(call)
  if (earlier !== undefined) {
    const prompt = yield* arrived(address, call, earlier)
    if (prompt !== undefined) {
      const view = yield* follow(prompt)
      yield* forget(prompt)
      return { ...view, next: `${view.next ?? ""} ${sentByEarlierCall}`.trim() }
    }
  }
  let sent: Turn.Turn | undefined
  const keeping = (stages: TurnStages): TurnStages => ({
    ...stages,
    publish: (stage) =>
      Effect.suspend(() => {
        // The id of a command that works in a subagent is not that of its message.
        if (stage._tag === "Following" && stage.turn.session === call.session) sent = stage.turn
        return stages.publish(stage)
      }),
  })
  return yield* send(keeping).pipe(
    Effect.onInterrupt(() =>
      Effect.suspend(() =>
        sent === undefined ? Effect.void : remember(call, { prompt: sent.prompt, accepted: sent.accepted }),
      ),
    ),
  )
})
