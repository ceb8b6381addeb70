/** Sends prompts and follows their turns, or follows a turn that is already running. */
import { Clock, Context, Duration, Effect, Layer, Option } from "effect"
import { abandonable } from "./abandonable.ts"
import { type ClientError, NoTurn, type SendError } from "../errors.ts"
import { stillRunning } from "./followStep.ts"
import { type DecideRequest, followTurn, type TurnReport, undecided } from "./followTurn.ts"
import { type KnownTurn, makeKnownTurn } from "./knownTurn.ts"
import type { MessageId } from "../Identifiers.ts"
import { InstanceEvents } from "../events/InstanceEvents.ts"
import type { TurnStages } from "./observeTurn.ts"
import { makeSessionQueues, sessionBusy } from "./sessionQueue.ts"
import { OpencodeClient } from "../Opencode.ts"
import { confirmArrival, type PromptOptions, promptSession } from "./promptSession.ts"
import type { SessionAddress } from "./SessionAddress.ts"
import type { Session } from "../sessions/Session.ts"
import type { Target } from "../Target.ts"
import * as Turn from "../turn/Turn.ts"
import { observedTurn } from "./turnTelemetry.ts"
import { lastPrompt, refreshTurn } from "./storedTurn.ts"

export interface TurnTimeout {
  /** Timeout of the whole call, including the wait for another turn. A number is in milliseconds. */
  readonly timeout: Duration.Input
}

export interface SendOptions extends PromptOptions, TurnTimeout {}

/** Code passed in here cannot delay the outcome, the timeout or an interruption. */
export interface FollowOptions {
  /** Receives the progress of the call; see `observeTurn`. */
  readonly stages?: TurnStages | undefined
  /** Default: decides nothing, so a pending request ends the call with `needs permission` or `needs answer`. */
  readonly decide?: DecideRequest | undefined
}

export interface JoinOptions extends FollowOptions, TurnTimeout {
  /** The message whose turn is followed. Default: the last turn of the session. */
  readonly prompt?: MessageId | undefined
  /** Runs once after the event subscription, so that none of its effects is missed. For example, it sends a decision. */
  readonly first?: Effect.Effect<void, ClientError> | undefined
}

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
      options: SendOptions,
    ) => Effect.Effect<TurnReport, ClientError | SendError>
    /** Follows a turn, whatever started it. Returns the outcome immediately if the turn has ended. */
    readonly follow: (
      target: Target,
      session: Session,
      options: JoinOptions,
    ) => Effect.Effect<TurnReport, ClientError | NoTurn>
  }
>()("opencode-fleet/opencode/Turns") {
  static readonly layer = Layer.effect(
    Turns,
    Effect.gen(function* () {
      const client = yield* OpencodeClient
      const events = yield* InstanceEvents
      const enqueue = yield* makeSessionQueues

      type Sending = (known: KnownTurn, sent: Effect.Effect<void>) => Effect.Effect<TurnReport, ClientError | SendError>

      /** Waits in the session's queue and does the work. After the timeout, reports only what is known about the prompt. */
      const withTimeout = Effect.fnUntraced(function* (
        address: SessionAddress,
        { ifBusy, timeout, stages }: SendOptions & FollowOptions,
        work: Sending,
      ) {
        const known = yield* makeKnownTurn(stages)
        const onPosition = (turnsAhead: number) => stages?.publish({ _tag: "Queued", turnsAhead }) ?? Effect.void
        const report = yield* Effect.timeoutOption(
          enqueue(address, { ifBusy, onPosition }, (sent) => work(known, sent)),
          timeout,
        )
        if (Option.isSome(report)) return report.value
        const prompted = yield* known.get
        if (Option.isNone(prompted)) return yield* sessionBusy(address)
        if (prompted.value.accepted) return yield* reportTimeout(address, prompted.value)
        const turn = yield* confirmArrival(address, prompted.value, "we stopped waiting", "2 seconds")
        return { outcome: Turn.outcome(turn) ?? stillRunning, turn }
      })

      const prompt = (address: SessionAddress, options: PromptOptions, known: KnownTurn, sent: Effect.Effect<void>) =>
        promptSession(events, address, options, (turn) => Effect.andThen(known.set(turn), sent))

      const send = Effect.fnUntraced(function* (
        target: Target,
        session: Session,
        options: SendOptions & FollowOptions,
      ) {
        const address = { target, session, opencode: client.at(target) }
        const { decide = undecided, stages } = options
        const work: Sending = Effect.fnUntraced(function* (known, sent) {
          const prompted = yield* prompt(address, options, known, sent)
          return yield* followTurn({
            ...address,
            ...prompted,
            goal: "settled",
            joined: false,
            decide,
            onTurn: known.set,
          })
        }, Effect.scoped)
        return yield* Effect.ensuring(withTimeout(address, options, work), stages?.end ?? Effect.void)
      })

      const start = Effect.fnUntraced(function* (target: Target, session: Session, options: SendOptions) {
        const address = { target, session, opencode: client.at(target) }
        const work: Sending = Effect.fnUntraced(function* (known, sent) {
          const prompted = yield* prompt(address, options, known, sent)
          const following = { ...address, ...prompted, joined: false, decide: undecided, onTurn: known.set }
          return yield* followTurn({ ...following, goal: "accepted" }).pipe(
            // opencode has accepted the prompt. If it is slow to show that, `follow` can wait for it.
            Effect.timeoutOrElse({
              duration: "5 seconds",
              orElse: () => Effect.map(known.get, reportRunning(prompted.turn)),
            }),
          )
        }, Effect.scoped)
        return yield* withTimeout(address, options, work)
      })

      const follow: Turns["Service"]["follow"] = Effect.fnUntraced(function* (
        target,
        session,
        { decide = undecided, first, timeout, prompt, stages },
      ) {
        const opencode = client.at(target)
        const started = yield* Clock.currentTimeMillis
        const notices = yield* events.subscribe(target)
        const id = prompt ?? (yield* lastPrompt(opencode, session))
        if (id === undefined) return yield* new NoTurn({ instance: target.instance, session: session.id })
        const turn = { ...Turn.begin(session.id, id), accepted: true }
        const known = yield* makeKnownTurn(stages)
        yield* known.set(turn)
        const following = { opencode, session, notices, turn, decide, onTurn: known.set }
        const left = Duration.toMillis(timeout) - ((yield* Clock.currentTimeMillis) - started)
        const work = Effect.gen(function* () {
          if (first !== undefined) yield* abandonable(first)
          return yield* followTurn({ ...following, connected: true, goal: "settled", joined: true })
        })
        return yield* Effect.timeoutOrElse(work, {
          duration: Math.max(0, left),
          orElse: () =>
            Effect.flatMap(known.get, (now) =>
              reportTimeout(
                { target, opencode, session },
                Option.getOrElse(now, () => turn),
              ),
            ),
        })
      }, Effect.scoped)

      return Turns.of({
        send: (target, session, options) => observedTurn("send", target, session)(send(target, session, options)),
        start: (target, session, options) => observedTurn("start", target, session)(start(target, session, options)),
        follow: (target, session, options) =>
          follow(target, session, options).pipe(
            Effect.ensuring(options.stages?.end ?? Effect.void),
            observedTurn("follow", target, session),
          ),
      })
    }),
  )
}

const reportRunning =
  (sent: Turn.Turn) =>
  (known: Option.Option<Turn.Turn>): TurnReport => ({
    outcome: stillRunning,
    turn: Option.getOrElse(known, () => sent),
  })

/** The turn may have ended just before the timeout, for example while a laptop slept, so the stored state is read. */
const reportTimeout = Effect.fnUntraced(function* ({ opencode, session }: SessionAddress, before: Turn.Turn) {
  const read = yield* refreshTurn(opencode, session, before).pipe(Effect.timeout("2 seconds"), Effect.option)
  const turn = Option.getOrElse(read, () => before)
  const unfinished = (): Turn.Outcome => {
    if (turn.status.type === "idle")
      return { ...stillRunning, detail: "the session is idle, but its answer is not complete" }
    return Option.isSome(read) ? stillRunning : { ...stillRunning, detail: "the instance does not answer right now" }
  }
  return { outcome: Turn.outcome(turn) ?? unfinished(), turn }
})
