/**
 * Sends a prompt and follows its turn to an outcome.
 *
 * opencode merges prompts that reach a busy session and answers only the newest. So one turn at a time runs in a
 * session: prompts of this process wait for each other, and for a turn that was started elsewhere.
 */
import { Context, Effect, Layer, Option, PubSub, RcMap, Ref, Schedule, type Scope, Semaphore } from "effect"
import { pendingOf } from "./activity.ts"
import { type ClientError, PromptUncertain, type SendError, SessionBusy } from "./errors.ts"
import { followTurn } from "./followTurn.ts"
import { freshMessageId } from "./Identifiers.ts"
import { InstanceEvents, type Notice } from "./InstanceEvents.ts"
import { OpencodeClient } from "./OpencodeClient.ts"
import type { Session } from "./Session.ts"
import type { Target } from "./Target.ts"
import * as Turn from "./Turn.ts"
import { look, statusOf } from "./turnSnapshot.ts"

export interface SendOptions {
  readonly text: string
  readonly agent?: string
  readonly model?: { readonly providerID: string; readonly modelID: string }
  /** What to do while another turn runs: wait for its end, hand the message to it, or give up. */
  readonly ifBusy: "wait" | "steer" | "fail"
}

export interface FollowOptions {
  /** Milliseconds, waiting for another turn included. After them the outcome is `still running`. */
  readonly patience: number
  /** Called a few times a second with the turn as it stands, or with none while the prompt waits to be sent. */
  readonly observe: (turn: Option.Option<Turn.Turn>) => Effect.Effect<void>
}

export interface Report {
  readonly outcome: Turn.Outcome
  readonly turn: Turn.Turn
}

export class Turns extends Context.Service<
  Turns,
  {
    /**
     * Sends the prompt and follows the turn. The remote turn is never stopped by this: an interruption or the end of
     * the patience only ends the following. Fails if the prompt certainly was not sent, or not certainly.
     */
    readonly send: (
      target: Target,
      session: Session,
      options: SendOptions & FollowOptions,
    ) => Effect.Effect<Report, ClientError | SendError>
    /** Sends the prompt and returns when opencode shows that it has it, or reports that it failed. */
    readonly start: (
      target: Target,
      session: Session,
      options: SendOptions,
    ) => Effect.Effect<Report, ClientError | SendError>
  }
>()("opencode-fleet/opencode/Turns") {
  static readonly layer = Layer.effect(
    Turns,
    Effect.gen(function* () {
      const client = yield* OpencodeClient
      const events = yield* InstanceEvents
      const locks = yield* RcMap.make({ lookup: (_session: string) => Semaphore.make(1) })

      const lockOf = (target: Target, { id }: Session) => RcMap.get(locks, `${target.url} ${id}`)

      /** What the other turn waits for is told where it can be had at once; the caller has waited long enough. */
      const busy = Effect.fnUntraced(function* (target: Target, session: Session) {
        const [first] = yield* pendingOf(client.at(target), session).pipe(
          Effect.timeout("2 seconds"),
          Effect.orElseSucceed((): ReadonlyArray<Turn.PendingRequest> => []),
        )
        return yield* new SessionBusy({
          instance: target.instance,
          session: session.id,
          ...(first === undefined ? {} : { waitingFor: Turn.describe(first) }),
        })
      })

      /** Prompts of this process to one session run one after the other, unless they are handed to the running turn. */
      const oneAtATime =
        (target: Target, session: Session, ifBusy: SendOptions["ifBusy"]) =>
        <A, E, R>(effect: Effect.Effect<A, E, R>) => {
          if (ifBusy === "steer") return effect
          return Effect.gen(function* () {
            const lock = yield* lockOf(target, session)
            if (ifBusy === "wait") return yield* lock.withPermits(1)(effect)
            const done = yield* lock.withPermitsIfAvailable(1)(effect)
            return Option.isSome(done) ? done.value : yield* busy(target, session)
          }).pipe(Effect.scoped)
        }

      const awaitIdle = Effect.fnUntraced(function* (
        target: Target,
        session: Session,
        notices: PubSub.Subscription<Notice>,
      ) {
        while ((yield* statusOf(client.at(target), session)).type !== "idle") {
          // The next event of any kind, or a while: the status is asked again either way.
          yield* Effect.timeoutOption(
            PubSub.take(notices).pipe(
              Effect.repeat({
                until: (notice) =>
                  notice._tag === "Event" &&
                  notice.event.type === "session.idle" &&
                  notice.event.properties.sessionID === session.id,
              }),
            ),
            "5 seconds",
          )
        }
      })

      /** The prompt may have arrived. It is never sent again; whether opencode has stored it decides what to say. */
      const arrived = (target: Target, session: Session, state: Ref.Ref<Turn.Turn>, error: ClientError) => {
        const uncertain = (detail: string) =>
          new PromptUncertain({ instance: target.instance, session: session.id, detail: `${detail}; ${error._tag}` })
        return look(client.at(target), session, state).pipe(
          Effect.mapError(() => uncertain("and what it has stored cannot be read")),
          Effect.flatMap(({ taken }) =>
            taken ? Effect.void : Effect.fail(uncertain("it has not stored the message so far")),
          ),
        )
      }

      /** Subscribes, waits for the session as asked, and posts the prompt. `onBegun` is told before the prompt leaves. */
      const prompt = Effect.fnUntraced(function* (
        target: Target,
        session: Session,
        { ifBusy, ...options }: SendOptions,
        onBegun: (state: Ref.Ref<Turn.Turn>) => Effect.Effect<void>,
      ): Effect.fn.Return<
        { state: Ref.Ref<Turn.Turn>; notices: PubSub.Subscription<Notice> },
        ClientError | SendError,
        Scope.Scope
      > {
        const notices = yield* events.subscribe(target)
        if (ifBusy === "wait") yield* awaitIdle(target, session, notices)
        if (ifBusy === "fail" && (yield* statusOf(client.at(target), session)).type !== "idle") {
          return yield* busy(target, session)
        }
        // What was heard until here belongs to turns before this one.
        yield* PubSub.takeUpTo(notices, Number.MAX_SAFE_INTEGER)
        const messageID = yield* freshMessageId
        const state = yield* Ref.make(Turn.begin(session.id, messageID))
        yield* onBegun(state)
        yield* client
          .at(target)
          .prompt(session.id, { ...options, messageID })
          .pipe(
            Effect.catchIf(
              (error) =>
                error._tag === "RequestTimeout" || (error._tag === "InstanceUnreachable" && error.mayHaveArrived),
              (error) => arrived(target, session, state, error),
            ),
          )
        return { state, notices }
      })

      const send = Effect.fn("Turns.send")(function* (
        target: Target,
        session: Session,
        { observe, patience, ...options }: SendOptions & FollowOptions,
      ) {
        const begun = yield* Ref.make(Option.none<Ref.Ref<Turn.Turn>>())
        const current = Effect.flatMap(
          Ref.get(begun),
          Option.match({ onNone: () => Effect.succeedNone, onSome: (state) => Effect.asSome(Ref.get(state)) }),
        )
        const work = Effect.gen(function* () {
          const { notices, state } = yield* prompt(target, session, options, (state) =>
            Ref.set(begun, Option.some(state)),
          )
          const outcome = yield* followTurn(client.at(target), session, notices, state)
          return { outcome, turn: yield* Ref.get(state) }
        }).pipe(
          Effect.scoped,
          oneAtATime(target, session, options.ifBusy),
          Effect.timeoutOrElse({
            duration: patience,
            orElse: () =>
              Effect.flatMap(
                current,
                Option.match({
                  onNone: () => busy(target, session),
                  onSome: (turn) => Effect.succeed<Report>({ outcome: { _tag: "still running" }, turn }),
                }),
              ),
          }),
        )
        // What an observation has begun to tell it tells to the end, or the turn's end would cut off a piece.
        const watching = Effect.uninterruptible(Effect.flatMap(current, observe))
        return yield* Effect.raceFirst(
          work,
          Effect.andThen(Effect.repeat(watching, Schedule.spaced("100 millis")), Effect.never),
        ).pipe(Effect.tap(({ turn }) => observe(Option.some(turn))))
      })

      const start = Effect.fn("Turns.start")(function* (target: Target, session: Session, options: SendOptions) {
        const { notices, state } = yield* prompt(target, session, options, () => Effect.void)
        const taken = Effect.gen(function* () {
          while (true) {
            const turn = yield* Ref.get(state)
            if (turn.taken) return { _tag: "still running" } as const
            if (turn.error !== undefined) return yield* followTurn(client.at(target), session, notices, state)
            const notice = yield* PubSub.take(notices)
            if (notice._tag === "Event") yield* Ref.update(state, (turn) => Turn.advance(turn, notice.event))
          }
        })
        const outcome = yield* taken.pipe(
          // opencode has accepted it; where it is slow to show it, following it is for wait and get_session.
          Effect.timeoutOrElse({
            duration: "5 seconds",
            orElse: () => Effect.succeed({ _tag: "still running" } as const),
          }),
        )
        return { outcome, turn: yield* Ref.get(state) }
      }, Effect.scoped)

      return Turns.of({
        send,
        start: (target, session, options) =>
          start(target, session, options).pipe(oneAtATime(target, session, options.ifBusy)),
      })
    }),
  )
}
