/** Sends prompts and follows their turns, or follows a turn that is already running. */
import { Context, Effect, Layer, Option, Ref } from "effect"
import type { ClientError } from "../errors.ts"
import type { NoTurn } from "../requests/decisionErrors.ts"
import { beforeSending, SendTimeout, type SendError } from "./sendErrors.ts"
import { SessionClaims } from "../../machine/SessionClaims.ts"
import { InstanceEvents } from "../events/InstanceEvents.ts"
import type { MessageId } from "../Identifiers.ts"
import { OpencodeClient } from "../Opencode.ts"
import type { Session } from "../sessions/Session.ts"
import type { Target } from "../Target.ts"
import type * as Turn from "../turn/Turn.ts"
import { stillRunning } from "./followStep.ts"
import { followSubagent } from "./followSubagent.ts"
import { followTurn, type TurnReport, undecided } from "./followTurn.ts"
import {
  type FollowOptions,
  isSettled,
  joinLast,
  type JoinOptions,
  joinTurn,
  reportTimeout,
  type TurnTimeout,
} from "./joinTurn.ts"
import { type KnownTurn, makeKnownTurn } from "./knownTurn.ts"
import { hasPrompt, makeOwnMessageIds } from "./ownMessageId.ts"
import { confirmArrival } from "./promptArrival.ts"
import { entersQueue, type PromptOptions, queuesAtServer } from "./PromptOptions.ts"
import { promptSession } from "./promptSession.ts"
import { followQueued, queuedOutcome } from "./serverQueue.ts"
import type { SessionAddress } from "./SessionAddress.ts"
import { makeSessionQueues, sessionBusy } from "./sessionQueue.ts"
import { observedTurn } from "./turnTelemetry.ts"

export type { FollowOptions, JoinOptions, TurnTimeout } from "./joinTurn.ts"

export interface SendOptions extends PromptOptions, TurnTimeout {}

export class Turns extends Context.Service<
  Turns,
  {
    /**
     * Sends the prompt and follows its turn to an outcome. It never stops the turn: after an interruption or the timeout,
     * the agent keeps working. Fails only if the prompt was not sent, or if its delivery is uncertain.
     */
    readonly send: (
      target: Target,
      session: Session,
      options: SendOptions & FollowOptions,
    ) => Effect.Effect<TurnReport, ClientError | SendError>
    /**
     * Sends the prompt, and returns when opencode shows that it has the prompt, at the latest after 5 s. The outcome is
     * `still running`, or how the turn ended if it ended immediately.
     */
    readonly start: (
      target: Target,
      session: Session,
      options: SendOptions & Pick<FollowOptions, "stages">,
    ) => Effect.Effect<TurnReport, ClientError | SendError>
    /** Follows a turn, whatever started it. Returns the outcome immediately if the turn has ended. */
    readonly follow: (
      target: Target,
      session: Session,
      options: JoinOptions,
    ) => Effect.Effect<TurnReport, ClientError | NoTurn>
    /** Number of prompts of these `Turns` that wait for other turns of the session. Those in opencode's own queue do not count. */
    readonly waiting: (target: Target, session: Session) => Effect.Effect<number>
  }
>()("opencode-fleet/opencode/Turns") {
  static readonly layer = Layer.effect(
    Turns,
    Effect.gen(function* () {
      const client = yield* OpencodeClient
      const events = yield* InstanceEvents
      const queues = yield* makeSessionQueues(events)

      const ownIds = makeOwnMessageIds()
      // Those that this layer was given, not those of the caller's fiber.
      const withClaims = Effect.provideService(SessionClaims, yield* SessionClaims)

      /** How a call shows where it stands. */
      interface Showing {
        readonly known: KnownTurn
        readonly onPosition: (turnsAhead: number) => Effect.Effect<void>
      }

      type Sending = (showing: Showing, sent: Effect.Effect<void>) => Effect.Effect<TurnReport, ClientError | SendError>

      /** Waits in the session's queue and does the work. After the timeout, reports only what is known about the prompt. */
      const withTimeout = Effect.fnUntraced(function* (
        address: SessionAddress,
        options: SendOptions & FollowOptions,
        work: Sending,
      ) {
        const { ifBusy, stages, timeout } = options
        const known = yield* makeKnownTurn(stages)
        const onPosition = (turnsAhead: number) =>
          ifBusy === "fail" ? Effect.void : (stages?.publish({ _tag: "Queued", turnsAhead }) ?? Effect.void)
        const begin = (sent: Effect.Effect<void>) =>
          Effect.andThen(Ref.set(known.isBehind, false), work({ known, onPosition }, sent))
        const working = queuesAtServer(address.opencode, options)
          ? begin(Effect.void)
          : queues.enqueue(address, { ifBusy, onPosition }, begin)
        const report = yield* Effect.timeoutOption(working, timeout).pipe(
          Effect.catch((error) =>
            Effect.flatMap(known.get, (prompted) =>
              Effect.fail(Option.isNone(prompted) ? beforeSending(error) : error),
            ),
          ),
        )
        if (Option.isSome(report)) return report.value
        const prompted = yield* known.get
        if (Option.isNone(prompted)) {
          return yield* (yield* Ref.get(known.isBehind)) ? sessionBusy(address) : new SendTimeout(address.target)
        }
        if (prompted.value.accepted) return yield* reportTimeout(address, prompted.value)
        const turn = yield* confirmArrival(address, prompted.value, "we stopped waiting", "2 seconds")
        return yield* reportTimeout(address, turn)
      })

      const prompt = (address: SessionAddress, options: PromptOptions, known: KnownTurn, sent: Effect.Effect<void>) =>
        promptSession(
          events,
          ownIds,
          address,
          options,
          (turn) => Effect.andThen(known.set(turn), sent),
          known.isBehind,
        ).pipe(withClaims)

      /** Runs the call, or follows the turn of a message that opencode has already. */
      const unlessSent = Effect.fnUntraced(function* <E>(
        address: SessionAddress,
        { messageID }: SendOptions,
        send: Effect.Effect<TurnReport, E>,
        join: (prompt: MessageId) => Effect.Effect<TurnReport, ClientError>,
      ) {
        if (messageID === undefined || !(yield* hasPrompt(address, messageID))) return yield* send
        return { ...(yield* join(messageID)), repeated: true }
      })

      const send = Effect.fnUntraced(function* (
        target: Target,
        session: Session,
        options: SendOptions & FollowOptions,
      ) {
        const address = { target, session, opencode: client.at(target) }
        const { decide = undecided } = options
        const work: Sending = Effect.fnUntraced(function* ({ known, onPosition }, sent) {
          const prompted = yield* prompt(address, options, known, sent)
          const { repeated, subagent } = prompted
          const following = {
            ...address,
            ...prompted,
            session: subagent ?? address.session,
            goal: "settled",
            joined: repeated || subagent !== undefined,
            decide,
            onTurn: known.set,
          } as const
          if (subagent !== undefined) return yield* followSubagent(following, address.session)
          const report = yield* repeated || !entersQueue(address.opencode, options)
            ? followTurn(following)
            : followQueued(following, prompted.isBusy, onPosition)
          // A message that steers can be left behind in the queue, too.
          const queued = !isSettled(report) ? Option.none() : yield* queuedOutcome(address, report.turn)
          return { ...report, ...(Option.isSome(queued) ? { outcome: queued.value } : {}), repeated }
        }, Effect.scoped)
        const working = Effect.map(withTimeout(address, options, work), ofCommand(session))
        return yield* unlessSent(address, options, working, (prompt) => joinTurn(events, address, prompt, options))
      })

      const start = Effect.fnUntraced(function* (
        target: Target,
        session: Session,
        options: SendOptions & Pick<FollowOptions, "stages">,
      ) {
        const address = { target, session, opencode: client.at(target) }
        const work: Sending = Effect.fnUntraced(function* ({ known }, sent) {
          const prompted = yield* prompt(address, options, known, sent)
          const { isBusy, repeated, subagent = address.session, turn } = prompted
          if (isBusy) {
            const outcome = yield* queuedOutcome(address, turn)
            if (Option.isSome(outcome)) return { outcome: outcome.value, turn, repeated }
          }
          const following = {
            ...address,
            ...prompted,
            session: subagent,
            joined: repeated,
            decide: undecided,
            onTurn: known.set,
          }
          const report = yield* followTurn({ ...following, goal: repeated ? "settled" : "accepted" }).pipe(
            // opencode has accepted the prompt. If it is slow to show that, `follow` can wait for it.
            Effect.timeoutOrElse({
              duration: "5 seconds",
              orElse: () => Effect.map(known.get, reportRunning(turn)),
            }),
          )
          // Until opencode shows the turn as running, another server could send a second message.
          if (!isSettled(report)) yield* prompted.released
          return { ...report, repeated }
        }, Effect.scoped)
        const working = Effect.map(withTimeout(address, options, work), ofCommand(session))
        return yield* unlessSent(address, options, working, (prompt) =>
          joinTurn(events, address, prompt, { timeout: "2 seconds" }),
        )
      })

      const follow = (target: Target, session: Session, options: JoinOptions) => {
        const address = { target, session, opencode: client.at(target) }
        const { prompt } = options
        return prompt === undefined ? joinLast(events, address, options) : joinTurn(events, address, prompt, options)
      }

      return Turns.of({
        send: (target, session, options) =>
          send(target, session, options).pipe(
            Effect.ensuring(options.stages?.end ?? Effect.void),
            observedTurn("send", target, session),
          ),
        start: (target, session, options) => observedTurn("start", target, session)(start(target, session, options)),
        follow: (target, session, options) =>
          follow(target, session, options).pipe(
            Effect.ensuring(options.stages?.end ?? Effect.void),
            observedTurn("follow", target, session),
          ),
        waiting: (target, session) => queues.waiting({ target, session }),
      })
    }),
  )
}

/** Names the session if the turn is that of a subagent. */
const ofCommand =
  ({ id }: Session) =>
  (report: TurnReport): TurnReport =>
    report.turn.session === id ? report : { ...report, commandOf: id }

const reportRunning =
  (sent: Turn.Turn) =>
  (known: Option.Option<Turn.Turn>): TurnReport => ({
    outcome: stillRunning,
    turn: Option.getOrElse(known, () => sent),
  })
