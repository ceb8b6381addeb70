/** Sends prompts and follows their turns, or follows a turn that is running already. */
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

export interface TurnPatience {
  /** How long the whole call may take, including the wait for another turn. A number is in milliseconds. */
  readonly patience: Duration.Input
}

export interface SendOptions extends PromptOptions, TurnPatience {}

/** None of these can hold up the outcome, the end of the patience or an interruption. */
export interface FollowOptions {
  /** Where the call publishes how far it has got; see `observeTurn`. */
  readonly stages?: TurnStages | undefined
  /** Without it, the call ends with `needs permission` or `needs answer`, as it does when the person decides nothing. */
  readonly decide?: DecideRequest | undefined
}

export interface JoinOptions extends FollowOptions, TurnPatience {
  /** The message whose turn is followed. Default: the last turn of the session. */
  readonly prompt?: MessageId | undefined
  /** Done once, when nothing that it causes can be missed any more: for example, sending a decision. */
  readonly first?: Effect.Effect<void, ClientError> | undefined
}

export class Turns extends Context.Service<
  Turns,
  {
    /**
     * Sends the prompt and follows its turn to an outcome. It never stops the turn: after an interruption or the end of
     * the patience, the agent keeps working. Fails only if the prompt was not sent, or if that is uncertain.
     */
    readonly send: (
      target: Target,
      session: Session,
      options: SendOptions & FollowOptions,
    ) => Effect.Effect<TurnReport, ClientError | SendError>
    /**
     * Sends the prompt and returns when opencode shows that it has it, or after 5 s: the outcome is then `still running`.
     * Any other outcome says how the turn ended at once.
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

      /** Waits in the session's queue and does the work. When the patience ends, claims of the prompt only what is known. */
      const patiently = Effect.fnUntraced(function* (
        address: SessionAddress,
        { ifBusy, patience, stages }: SendOptions & FollowOptions,
        work: Sending,
      ) {
        const known = yield* makeKnownTurn(stages)
        const onPosition = (turnsAhead: number) => stages?.publish({ _tag: "Queued", turnsAhead }) ?? Effect.void
        const report = yield* Effect.timeoutOption(
          enqueue(address, { ifBusy, onPosition }, (sent) => work(known, sent)),
          patience,
        )
        if (Option.isSome(report)) return report.value
        const begun = yield* known.get
        if (Option.isNone(begun)) return yield* sessionBusy(address)
        if (begun.value.accepted) return yield* outOfPatience(address, begun.value)
        const turn = yield* confirmArrival(address, begun.value, "we stopped waiting", "2 seconds")
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
        return yield* Effect.ensuring(patiently(address, options, work), stages?.end ?? Effect.void)
      })

      const start = Effect.fnUntraced(function* (target: Target, session: Session, options: SendOptions) {
        const address = { target, session, opencode: client.at(target) }
        const work: Sending = Effect.fnUntraced(function* (known, sent) {
          const prompted = yield* prompt(address, options, known, sent)
          const following = { ...address, ...prompted, joined: false, decide: undecided, onTurn: known.set }
          return yield* followTurn({ ...following, goal: "accepted" }).pipe(
            // opencode has accepted the prompt. If it is slow to show it, that is for `follow` to wait for.
            Effect.timeoutOrElse({
              duration: "5 seconds",
              orElse: () => Effect.map(known.get, reportRunning(prompted.turn)),
            }),
          )
        }, Effect.scoped)
        return yield* patiently(address, options, work)
      })

      const follow: Turns["Service"]["follow"] = Effect.fnUntraced(function* (
        target,
        session,
        { decide = undecided, first, patience, prompt, stages },
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
        const left = Duration.toMillis(patience) - ((yield* Clock.currentTimeMillis) - started)
        const work = Effect.gen(function* () {
          if (first !== undefined) yield* abandonable(first)
          return yield* followTurn({ ...following, connected: true, goal: "settled", joined: true })
        })
        return yield* Effect.timeoutOrElse(work, {
          duration: Math.max(0, left),
          orElse: () =>
            Effect.flatMap(known.get, (now) =>
              outOfPatience(
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

/** The turn may have ended together with the patience, as when a laptop slept: what is stored has the last word. */
const outOfPatience = Effect.fnUntraced(function* ({ opencode, session }: SessionAddress, before: Turn.Turn) {
  const read = yield* refreshTurn(opencode, session, before).pipe(Effect.timeout("2 seconds"), Effect.option)
  const turn = Option.getOrElse(read, () => before)
  const unfinished = (): Turn.Outcome => {
    if (turn.status.type === "idle") return { ...stillRunning, detail: "the session is idle, its answer not complete" }
    return Option.isSome(read)
      ? stillRunning
      : { ...stillRunning, detail: "the instance does not answer at the moment" }
  }
  return { outcome: Turn.outcome(turn) ?? unfinished(), turn }
})
