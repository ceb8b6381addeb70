/** Sends one prompt when the session is free, and finds out whether an unacknowledged prompt has arrived. */
import { type Duration, Effect, Fiber, Schedule, type Scope } from "effect"
import { type ClientError, EffectUncertain } from "../errors.ts"
import { MessageIdUnusable, type SendError } from "./sendErrors.ts"
import { isTransient, mayHaveArrived } from "../transient.ts"
import { reasonOf } from "../uncertain.ts"
import { maxAbsence } from "./followStep.ts"
import { freshMessageId, type MessageId } from "../Identifiers.ts"
import type { InstanceEvents, Notices } from "../events/InstanceEvents.ts"
import type { Opencode, PromptChoice, SlashCommand } from "../Opencode.ts"
import { hasPrompt, type OwnMessageIds } from "./ownMessageId.ts"
import { claimSession, releaseWhenBusy, stateOf, whileClaimed } from "./claimedSession.ts"
import { type IfBusy, sessionBusy } from "./sessionQueue.ts"
import type { Session } from "../sessions/Session.ts"
import type { SessionAddress } from "./SessionAddress.ts"
import * as Turn from "../turn/Turn.ts"
import { slashCommand } from "./slashCommand.ts"
import { persistently, refreshTurn } from "./storedTurn.ts"

export interface PromptOptions {
  readonly text: string
  /** Default: the session's own. */
  readonly agent?: string
  /** As `provider/model`. Default: the session's own. */
  readonly model?: string
  readonly ifBusy: IfBusy
  /**
   * Makes the call repeatable: a prompt with this id runs once, and a repeated call follows its turn. Default: a fresh id.
   * Two processes that send the same id to opencode 1 at the same moment can both succeed.
   */
  readonly messageID?: MessageId
}

/** The turn of a prompt that opencode has accepted, and the notices since. */
export interface SentPrompt {
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

/** Whether the prompt is put into the server's queue, from where its own turn starts. */
export const entersQueue = ({ capabilities }: Opencode, { ifBusy }: Pick<PromptOptions, "ifBusy">) =>
  capabilities.promptQueue === "server" && ifBusy !== "steer"

/**
 * Whether the server's own queue makes the prompt wait for its turn. A prompt for another agent or model waits here instead,
 * because selecting them would change the running turn.
 */
export const queuesAtServer = (opencode: Opencode, { agent, ifBusy, model }: PromptOptions) =>
  entersQueue(opencode, { ifBusy }) && agent === undefined && model === undefined

/** How often to check whether a message is stored. A message that arrived is stored within this time. */
const untilStored = Schedule.max([Schedule.spaced("250 millis"), Schedule.recurs(8)])

/** The turn as stored; a prompt in the server's queue counts as accepted. */
const readArrival = Effect.fnUntraced(function* ({ opencode, session }: SessionAddress, turn: Turn.Turn) {
  const read = yield* refreshTurn(opencode, session, turn)
  if (read.accepted) return read
  const queue = yield* opencode.queuedPrompts(session.id)
  return queue.some(({ id }) => id === turn.prompt) ? { ...turn, accepted: true } : read
})

const uncertain = ({ session, target }: SessionAddress, detail: string) =>
  new EffectUncertain({ instance: target.instance, effect: "prompt", session: session.id, detail })

/** As {@link confirmArrival}, except that a prompt which opencode does not have is a turn that is not accepted. */
export const lookForArrival = (
  address: SessionAddress,
  turn: Turn.Turn,
  reason: string,
  within: Duration.Input,
): Effect.Effect<Turn.Turn, EffectUncertain> =>
  persistently(readArrival(address, turn)).pipe(
    Effect.repeat({ while: ({ accepted }) => !accepted, schedule: untilStored }),
    Effect.timeout(within),
    Effect.mapError(() => uncertain(address, `the session could not be read; ${reason}`)),
  )

/**
 * Reads what opencode has stored until the prompt is found, and returns the turn. Used when the request with the prompt was
 * not acknowledged: the prompt may have arrived, so it is never sent again. `reason` says why that is uncertain.
 */
export const confirmArrival = (
  address: SessionAddress,
  turn: Turn.Turn,
  reason: string,
  within: Duration.Input = maxAbsence,
): Effect.Effect<Turn.Turn, EffectUncertain> =>
  lookForArrival(address, turn, reason, within).pipe(
    Effect.filterOrFail(
      ({ accepted }) => accepted,
      () => uncertain(address, `opencode has not stored the message so far; ${reason}`),
    ),
  )

const untilBack = Schedule.upTo(Schedule.spaced("1 second"), { duration: maxAbsence })

interface Posted {
  readonly turn: Turn.Turn
  readonly subagent?: Session
}

/** Runs the command once. It becomes a message with an id of opencode's, and perhaps in a subagent's session. */
const run = Effect.fnUntraced(function* (
  address: SessionAddress,
  turn: Turn.Turn,
  { ifBusy }: PromptOptions,
  choice: PromptChoice,
  command: Pick<SlashCommand, "name" | "arguments">,
): Effect.fn.Return<Posted, ClientError> {
  const { opencode, session } = address
  const running = opencode.runCommand(session.id, {
    ...command,
    ...choice,
    messageID: turn.prompt,
    delivery: ifBusy === "steer" ? "steer" : "queue",
  })
  const { prompt, subagent } = yield* opencode.capabilities.commandsTakeIds
    ? running.pipe(
        Effect.catchIf(mayHaveArrived, (error) =>
          Effect.as(confirmArrival(address, turn, reasonOf(error)), { prompt: turn.prompt, subagent: undefined }),
        ),
      )
    : running
  return {
    turn: { ...Turn.begin(subagent?.id ?? session.id, prompt), accepted: true },
    ...(subagent === undefined ? {} : { subagent }),
  }
})

/** Posts the prompt once, as far as opencode is concerned. */
const post = Effect.fnUntraced(function* (
  address: SessionAddress,
  turn: Turn.Turn,
  { ifBusy, messageID, text }: PromptOptions,
  choice: PromptChoice,
): Effect.fn.Return<Posted, ClientError | SendError> {
  const { opencode, session } = address
  const prompt = {
    text,
    messageID: turn.prompt,
    delivery: ifBusy === "steer" ? "steer" : "queue",
    ...choice,
  } as const
  if (!opencode.capabilities.idempotentPrompts) {
    return yield* opencode.prompt(session.id, prompt).pipe(
      Effect.as(turn),
      Effect.catchIf(mayHaveArrived, (error) => confirmArrival(address, turn, reasonOf(error))),
      Effect.map((sent) => ({ turn: sent })),
    )
  }
  const again = opencode
    .prompt(session.id, { ...prompt, mayBeStored: true })
    .pipe(Effect.retry({ while: isTransient, schedule: untilBack }))
  yield* messageID === undefined
    ? opencode
        .prompt(session.id, prompt)
        .pipe(
          Effect.catchIf(mayHaveArrived, (error) =>
            Effect.mapError(again, (then) => uncertain(address, `${reasonOf(error)}, then ${reasonOf(then)}`)),
          ),
        )
    : again.pipe(
        Effect.catchIf(
          (error) => error._tag === "OpencodeError" && error.status === 409,
          () => new MessageIdUnusable({ id: messageID, detail: "it belongs to a message of another session" }),
        ),
      )
  return { turn: { ...turn, accepted: true } }
})

/**
 * Subscribes to the instance's events, waits for the session according to `ifBusy`, and posts the prompt once. `onTurn`
 * receives the turn before the prompt is sent.
 */
export const promptSession = Effect.fnUntraced(function* (
  events: InstanceEvents["Service"],
  ownIds: OwnMessageIds,
  address: SessionAddress,
  options: PromptOptions,
  onTurn: (turn: Turn.Turn) => Effect.Effect<void>,
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
  const { isBusy, prepared, release } =
    ifBusy === "steer"
      ? { isBusy: false, prepared: prepare, release: undefined }
      : ifBusy === "wait" && queuesAtServer(opencode, options)
        ? { ...(yield* stateOf(address, prepare)), release: undefined }
        : yield* claimSession(address, ifBusy, notices, prepare)
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
    command === undefined ? post(address, started, options, choice) : run(address, started, options, choice, command)
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
