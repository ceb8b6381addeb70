/** Sends one prompt when the session is free for it, and finds out whether an unacknowledged prompt has arrived. */
import { type Duration, Effect, Schedule, type Scope } from "effect"
import { type ClientError, PromptUncertain, type SendError } from "../errors.ts"
import { mayHaveArrived } from "../transient.ts"
import { absence } from "./followStep.ts"
import { freshMessageId } from "../Identifiers.ts"
import type { InstanceEvents, Notices } from "../events/InstanceEvents.ts"
import { awaitIdle, type IfBusy, sessionBusy } from "./sessionQueue.ts"
import type { SessionAddress } from "./SessionAddress.ts"
import * as Turn from "../turn/Turn.ts"
import { persistently, refreshTurn, statusOf } from "./storedTurn.ts"

export interface PromptOptions {
  readonly text: string
  /** Default: the session's own. */
  readonly agent?: string
  /** As `provider/model`. Default: the session's own. */
  readonly model?: string
  readonly ifBusy: IfBusy
}

/** The turn of a prompt that opencode has, and the events since. */
export interface SentPrompt {
  readonly turn: Turn.Turn
  readonly notices: Notices
  /** Whether the connection to the events was up when the prompt was sent. */
  readonly connected: boolean
}

/** A message that is on its way is stored within this time, or it has not arrived. */
const untilStored = Schedule.max([Schedule.spaced("250 millis"), Schedule.recurs(8)])

/**
 * The turn after it is known that opencode has the prompt. Used when the request that carried it was not acknowledged:
 * the prompt may have arrived, and it is never sent again. `reason` says why it is uncertain.
 */
export const confirmArrival = (
  { opencode, session, target }: SessionAddress,
  turn: Turn.Turn,
  reason: string,
  within: Duration.Input = absence,
): Effect.Effect<Turn.Turn, PromptUncertain> => {
  const uncertain = (detail: string) =>
    new PromptUncertain({ instance: target.instance, session: session.id, detail: `${detail}; ${reason}` })
  return persistently(refreshTurn(opencode, session, turn)).pipe(
    Effect.repeat({ while: ({ accepted }) => !accepted, schedule: untilStored }),
    Effect.timeout(within),
    Effect.mapError(() => uncertain("and what it has stored cannot be read")),
    Effect.filterOrFail(
      ({ accepted }) => accepted,
      () => uncertain("it has not stored the message so far"),
    ),
  )
}

/**
 * Subscribes to the instance's events, waits for the session as `ifBusy` says, and posts the prompt once. `onTurn` gets
 * the turn before the prompt is sent.
 */
export const promptSession = Effect.fnUntraced(function* (
  events: InstanceEvents["Service"],
  address: SessionAddress,
  { agent, ifBusy, model, text }: PromptOptions,
  onTurn: (turn: Turn.Turn) => Effect.Effect<void>,
): Effect.fn.Return<SentPrompt, ClientError | SendError, Scope.Scope> {
  const { opencode, session, target } = address
  const notices = yield* events.subscribe(target)
  if (ifBusy === "wait") yield* awaitIdle(opencode, session, notices)
  if (ifBusy === "fail" && (yield* statusOf(opencode, session)).type !== "idle") {
    return yield* sessionBusy(address)
  }
  // The notices until here belong to earlier turns.
  const connected = yield* notices.skip
  const messageID = yield* freshMessageId
  const begun = Turn.begin(session.id, messageID)
  yield* onTurn(begun)
  const chosen = { ...(agent === undefined ? {} : { agent }), ...(model === undefined ? {} : { model }) }
  const sent = yield* opencode.prompt(session.id, { text, messageID, ...chosen }).pipe(
    Effect.as(begun),
    Effect.catchIf(mayHaveArrived, (error) => confirmArrival(address, begun, error._tag)),
  )
  // A running turn that gets the prompt may be waiting for a person already, and events have not told of its subagents.
  const turn = ifBusy === "steer" ? yield* Effect.orElseSucceed(refreshTurn(opencode, session, sent), () => sent) : sent
  if (turn !== begun) yield* onTurn(turn)
  return { turn, notices, connected }
})
