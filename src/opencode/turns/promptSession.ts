/** Sends one prompt when the session is free, and finds out whether an unacknowledged prompt has arrived. */
import { type Duration, Effect, Schedule, type Scope } from "effect"
import { type ClientError, PromptUncertain, type SendError } from "../errors.ts"
import { mayHaveArrived } from "../transient.ts"
import { maxAbsence } from "./followStep.ts"
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

/** The turn of a prompt that opencode has accepted, and the notices since. */
export interface SentPrompt {
  readonly turn: Turn.Turn
  readonly notices: Notices
  /** Whether the event stream was connected when the prompt was sent. */
  readonly connected: boolean
}

/** How often to check whether a message is stored. A message that arrived is stored within this time. */
const untilStored = Schedule.max([Schedule.spaced("250 millis"), Schedule.recurs(8)])

/**
 * Reads what opencode has stored until the prompt is found, and returns the turn. Used when the request with the prompt was
 * not acknowledged: the prompt may have arrived, so it is never sent again. `reason` says why that is uncertain.
 */
export const confirmArrival = (
  { opencode, session, target }: SessionAddress,
  turn: Turn.Turn,
  reason: string,
  within: Duration.Input = maxAbsence,
): Effect.Effect<Turn.Turn, PromptUncertain> => {
  const uncertain = (detail: string) =>
    new PromptUncertain({ instance: target.instance, session: session.id, detail: `${detail}; ${reason}` })
  return persistently(refreshTurn(opencode, session, turn)).pipe(
    Effect.repeat({ while: ({ accepted }) => !accepted, schedule: untilStored }),
    Effect.timeout(within),
    Effect.mapError(() => uncertain("the session could not be read")),
    Effect.filterOrFail(
      ({ accepted }) => accepted,
      () => uncertain("opencode has not stored the message so far"),
    ),
  )
}

/**
 * Subscribes to the instance's events, waits for the session according to `ifBusy`, and posts the prompt once. `onTurn`
 * receives the turn before the prompt is sent.
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
  // The notices so far belong to earlier turns.
  const connected = yield* notices.skip
  const messageID = yield* freshMessageId
  const started = Turn.begin(session.id, messageID)
  yield* onTurn(started)
  const chosen = { ...(agent === undefined ? {} : { agent }), ...(model === undefined ? {} : { model }) }
  const delivery = ifBusy === "steer" ? "steer" : "queue"
  const sent = yield* opencode.prompt(session.id, { text, messageID, delivery, ...chosen }).pipe(
    Effect.as(started),
    Effect.catchIf(mayHaveArrived, (error) => confirmArrival(address, started, error._tag)),
  )
  // A steered turn may already be waiting for a person, and no event has reported its subagents.
  const turn = ifBusy === "steer" ? yield* Effect.orElseSucceed(refreshTurn(opencode, session, sent), () => sent) : sent
  if (turn !== started) yield* onTurn(turn)
  return { turn, notices, connected }
})
