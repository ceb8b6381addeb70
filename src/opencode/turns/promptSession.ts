/** Sends one prompt when the session is free. */
import { Effect, Fiber, type Ref, type Scope } from "effect"
import type { ClientError } from "../errors.ts"
import { MessageIdUnusable, type SendError } from "./sendErrors.ts"
import { type Posted, postCommand, postPrompt } from "./postPrompt.ts"
import { confirmArrival } from "./promptArrival.ts"
import { type PromptOptions, queuesAtServer } from "./PromptOptions.ts"
import { freshMessageId } from "../Identifiers.ts"
import type { InstanceEvents, Notices } from "../events/InstanceEvents.ts"
import type { PromptChoice } from "../Opencode.ts"
import { hasPrompt, type OwnMessageIds } from "./ownMessageId.ts"
import { type ClaimedSession, claimSession, releaseWhenBusy, stateOf, whileClaimed } from "./claimedSession.ts"
import { sessionBusy } from "./sessionQueue.ts"
import type { Session } from "../sessions/Session.ts"
import type { SessionAddress } from "./SessionAddress.ts"
import * as Turn from "../turn/Turn.ts"
import { slashCommand } from "./slashCommand.ts"
import { refreshTurn } from "./storedTurn.ts"

/** The turn of a prompt that opencode has accepted, and the notices since. */
interface SentPrompt {
  readonly turn: Turn.Turn
  readonly notices: Notices
  /** Whether the event stream was connected when the prompt was sent. */
  readonly connected: boolean
  /** Whether another turn was running when the prompt was sent. */
  readonly isBusy: boolean
  /** Whether opencode had the message before, so that nothing was sent. */
  readonly repeated: boolean
  /** The session of the turn, if a slash command works in a subagent of its own. */
  readonly subagent?: Session
  /** Waits until the session's claim has ended: opencode shows the turn, or does not show it in time. */
  readonly released: Effect.Effect<void>
}

/**
 * Waits for the session according to `ifBusy`, and prepares the prompt meanwhile. A prompt that starts a turn at once claims
 * the session.
 */
const awaitTurn = (
  address: SessionAddress,
  options: PromptOptions,
  notices: Notices,
  prepare: Effect.Effect<PromptChoice, ClientError>,
  isBehind: Ref.Ref<boolean>,
): Effect.Effect<ClaimedSession, ClientError | SendError, Scope.Scope> => {
  const { ifBusy } = options
  if (ifBusy === "steer") return Effect.succeed({ isBusy: false, prepared: prepare, release: undefined })
  if (ifBusy === "wait" && queuesAtServer(address.opencode, options)) {
    return Effect.map(stateOf(address, prepare), (state) => ({ ...state, release: undefined }))
  }
  return claimSession(address, ifBusy, notices, prepare, isBehind)
}

/**
 * Subscribes to the instance's events, waits for the session according to `ifBusy`, and posts the prompt once. `onTurn`
 * receives the turn before the prompt is sent. `isBehind` tells whether it waits for another turn.
 */
export const promptSession = Effect.fnUntraced(function* (
  events: InstanceEvents["Service"],
  ownIds: OwnMessageIds,
  address: SessionAddress,
  options: PromptOptions,
  onTurn: (turn: Turn.Turn) => Effect.Effect<void>,
  isBehind: Ref.Ref<boolean>,
): Effect.fn.Return<SentPrompt, ClientError | SendError, Scope.Scope> {
  const { ifBusy, messageID } = options
  const { opencode, session, target } = address
  const command = yield* slashCommand(opencode, session.directory, options.text)
  const withoutId = command !== undefined && !opencode.capabilities.commandsTakeIds
  if (withoutId && messageID !== undefined) {
    return yield* new MessageIdUnusable({
      id: messageID,
      detail: `this opencode takes no id for a slash command (/${command.name})`,
      noneUsable: true,
    })
  }
  const notices = yield* events.subscribe(target)
  const prepare = opencode.prepare(session.id, {
    ...(options.agent === undefined ? {} : { agent: options.agent }),
    ...(options.model === undefined ? {} : { model: options.model }),
  })
  const { isBusy, prepared, release } = yield* awaitTurn(address, options, notices, prepare, isBehind)
  if (ifBusy === "fail" && isBusy) return yield* sessionBusy(address)
  // The notices so far belong to earlier turns.
  const connected = yield* notices.skip
  const started = Turn.begin(session.id, messageID ?? (yield* freshMessageId))
  if (messageID !== undefined && (yield* hasPrompt(address, messageID))) {
    yield* release ?? Effect.void
    return { turn: { ...started, accepted: true }, notices, connected, isBusy, repeated: true, released: Effect.void }
  }
  const choice = yield* prepared
  yield* onTurn(started)
  const posting =
    command === undefined
      ? postPrompt(address, started, options, choice)
      : postCommand(address, started, options, choice, command)
  const confirming = Effect.map(confirmArrival(address, started, "another call was sending it"), (turn) => ({ turn }))
  const { repeated, result }: { readonly repeated: boolean; readonly result: Posted } =
    messageID === undefined
      ? {
          repeated: false,
          result: yield* withoutId && release === undefined ? whileClaimed(address, posting) : posting,
        }
      : yield* ownIds.once(address, messageID, posting, confirming)
  const { subagent, turn: sent } = result
  // Beside following the turn, whose events say how it goes although the session may not be readable any more.
  const ending = release && (subagent === undefined ? releaseWhenBusy(address, sent.prompt, release) : release)
  const releasing = ending && (yield* Effect.forkScoped(ending))
  // A steered turn may already be waiting for a person, and no event has reported its subagents.
  const turn =
    ifBusy === "steer" && subagent === undefined
      ? yield* Effect.orElseSucceed(refreshTurn(opencode, session, sent), () => sent)
      : sent
  if (turn !== started) yield* onTurn(turn)
  const released = releasing === undefined ? Effect.void : Effect.asVoid(Fiber.await(releasing))
  return { turn, notices, connected, isBusy, repeated, released, ...(subagent === undefined ? {} : { subagent }) }
})
