/** Sends a message, unless an earlier call with the same arguments sent it and its caller went away before the outcome. */
import { Effect, Option, Schema } from "effect"
import { Call } from "../../mcp/Call.ts"
import { ClientError, EffectUncertain } from "../../opencode/errors.ts"
import type { SessionAddress } from "../../opencode/turns/SessionAddress.ts"
import { lookForArrival } from "../../opencode/turns/promptArrival.ts"
import type { TurnStages } from "../../opencode/turns/observeTurn.ts"
import { type MessageId, SessionId } from "../../opencode/Identifiers.ts"
import { reasonOf } from "../../opencode/uncertain.ts"
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
  const { unheard = Effect.never } = yield* Call
  let isUnheard = false
  let sent: Turn.Turn | undefined
  const rememberSent = Effect.suspend(() =>
    sent === undefined ? Effect.void : remember(call, { prompt: sent.prompt, accepted: sent.accepted }),
  )
  // Ends with the call.
  yield* unheard.pipe(
    Effect.andThen(Effect.sync(() => (isUnheard = true))),
    Effect.andThen(rememberSent),
    Effect.forkChild({ startImmediately: true }),
  )
  const earlier = yield* find(call)
  if (earlier !== undefined) {
    const prompt = yield* arrived(address, call, earlier)
    if (prompt !== undefined) {
      const view = yield* follow(prompt)
      if (!isUnheard) yield* forget(prompt)
      return { ...view, next: `${view.next ?? ""} ${sentByEarlierCall}`.trim() }
    }
  }
  // At once, since the caller may already be sending it again at another server.
  const rememberIfUnheard = Effect.suspend(() => (isUnheard ? rememberSent : Effect.void))
  const keeping = (stages: TurnStages): TurnStages => ({
    ...stages,
    publish: (stage) =>
      Effect.suspend(() => {
        // The id of a command that works in a subagent is not that of its message.
        if (stage._tag !== "Following" || stage.turn.session !== call.session) return stages.publish(stage)
        const isFirst = sent === undefined
        sent = stage.turn
        return Effect.andThen(isFirst ? rememberIfUnheard : Effect.void, stages.publish(stage))
      }),
  })
  return yield* send(keeping).pipe(
    Effect.tap(rememberIfUnheard),
    Effect.onInterrupt(() => rememberSent),
  )
})

const isClientError = Schema.is(ClientError)
const asSessionId = Schema.decodeUnknownOption(SessionId)

/**
 * Fails with `EffectUncertain` if an earlier call may have sent the message, and this one failed before it could find that out,
 * for example because the instance cannot be reached. `session` is the reference that the call was given.
 */
export const uncertainIfSent =
  (instance: string | undefined, { session, ...call }: Omit<MessageCall, "session"> & { readonly session: string }) =>
  <A, E extends Error, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | EffectUncertain, R> =>
    Effect.catch(
      effect,
      Effect.fnUntraced(function* (error) {
        const id = Option.getOrUndefined(asSessionId(session.trim()))
        if (error instanceof EffectUncertain || id === undefined) return yield* Effect.fail(error)
        const earlier = yield* (yield* UnansweredMessages).find({ ...call, session: id })
        if (earlier === undefined) return yield* Effect.fail(error)
        return yield* new EffectUncertain({
          instance: isClientError(error) ? error.instance : (instance ?? "its instance"),
          effect: "prompt",
          session: id,
          detail: `an earlier call sent it and was cancelled; ${isClientError(error) ? reasonOf(error) : error.message}`,
        })
      }),
    )
