/**
 * Sends a prompt and follows its turn to an outcome: subscribes to the events, waits for the session (`oneAtATime.ts`),
 * posts, and folds what is heard and read (`followTurn.ts`, `storedTurn.ts`) into a `Turn`.
 */
import { Context, type Duration, Effect, Layer, Option, PubSub, Ref, Schedule, type Scope } from "effect"
import { type ClientError, PromptUncertain, type SendError } from "./errors.ts"
import { followTurn } from "./followTurn.ts"
import { freshMessageId } from "./Identifiers.ts"
import { InstanceEvents, type Notice } from "./InstanceEvents.ts"
import { awaitIdle, type IfBusy, makeSessionLocks, sessionBusy } from "./oneAtATime.ts"
import { OpencodeClient } from "./OpencodeClient.ts"
import type { Session } from "./Session.ts"
import type { Target } from "./Target.ts"
import * as Turn from "./Turn.ts"
import { look, statusOf } from "./storedTurn.ts"

export interface SendOptions {
  readonly text: string
  readonly agent?: string
  readonly model?: { readonly providerID: string; readonly modelID: string }
  readonly ifBusy: IfBusy
  /** Milliseconds that all of it may take, waiting for another turn included. */
  readonly patience: number
}

export interface FollowOptions {
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
      const oneAtATime = yield* makeSessionLocks

      /** The prompt may have arrived. It is never sent again; whether opencode has stored it decides what to say. */
      const arrived = (
        target: Target,
        session: Session,
        state: Ref.Ref<Turn.Turn>,
        why: string,
        within: Duration.Input = "10 seconds",
      ) => {
        const uncertain = (detail: string) =>
          new PromptUncertain({ instance: target.instance, session: session.id, detail: `${detail}; ${why}` })
        return look(client.at(target), session, state).pipe(
          Effect.timeout(within),
          Effect.mapError(() => uncertain("and what it has stored cannot be read")),
          Effect.flatMap(({ taken }) =>
            taken ? Effect.void : Effect.fail(uncertain("it has not stored the message so far")),
          ),
        )
      }

      /** Subscribes, waits for the session as asked, and posts the prompt. `begun` holds the turn before the prompt leaves. */
      const prompt = Effect.fnUntraced(function* (
        target: Target,
        session: Session,
        { ifBusy, patience: _patience, ...options }: SendOptions,
        begun: Ref.Ref<Option.Option<Ref.Ref<Turn.Turn>>>,
      ): Effect.fn.Return<
        { state: Ref.Ref<Turn.Turn>; notices: PubSub.Subscription<Notice> },
        ClientError | SendError,
        Scope.Scope
      > {
        const opencode = client.at(target)
        const notices = yield* events.subscribe(target)
        if (ifBusy === "wait") yield* awaitIdle(opencode, session, notices)
        if (ifBusy === "fail" && (yield* statusOf(opencode, session)).type !== "idle") {
          return yield* sessionBusy(target, opencode, session)
        }
        // What was heard until here belongs to turns before this one.
        yield* PubSub.takeUpTo(notices, Number.MAX_SAFE_INTEGER)
        const messageID = yield* freshMessageId
        const state = yield* Ref.make(Turn.begin(session.id, messageID))
        yield* Ref.set(begun, Option.some(state))
        yield* opencode.prompt(session.id, { ...options, messageID }).pipe(
          Effect.catchIf(
            (error) =>
              error._tag === "RequestTimeout" || (error._tag === "InstanceUnreachable" && error.mayHaveArrived),
            (error) => arrived(target, session, state, error._tag),
          ),
        )
        // The turn that runs may wait for a person already, and the sessions of its subagents are not known here.
        if (ifBusy === "steer") yield* look(opencode, session, state).pipe(Effect.ignore)
        return { state, notices }
      })

      /** Gives up when the patience ends, and says no more of the prompt than is known. */
      const patiently = Effect.fnUntraced(function* (
        target: Target,
        session: Session,
        { ifBusy, patience }: SendOptions,
        begun: Ref.Ref<Option.Option<Ref.Ref<Turn.Turn>>>,
        work: Effect.Effect<Report, ClientError | SendError>,
      ) {
        const report = yield* work.pipe(
          oneAtATime(target, client.at(target), session, ifBusy),
          Effect.timeoutOption(patience),
        )
        if (Option.isSome(report)) return report.value
        const state = Option.getOrUndefined(yield* Ref.get(begun))
        if (state === undefined) return yield* sessionBusy(target, client.at(target), session)
        if (!(yield* Ref.get(state)).taken) yield* arrived(target, session, state, "we stopped waiting", "2 seconds")
        return { outcome: { _tag: "still running" } as const, turn: yield* Ref.get(state) }
      })

      const send = Effect.fn("Turns.send")(function* (
        target: Target,
        session: Session,
        { observe, ...options }: SendOptions & FollowOptions,
      ) {
        const begun = yield* Ref.make(Option.none<Ref.Ref<Turn.Turn>>())
        const current = Effect.flatMap(
          Ref.get(begun),
          Option.match({ onNone: () => Effect.succeedNone, onSome: (state) => Effect.asSome(Ref.get(state)) }),
        )
        const work = Effect.gen(function* () {
          const { notices, state } = yield* prompt(target, session, options, begun)
          const outcome = yield* followTurn(client.at(target), session, notices, state)
          return { outcome, turn: yield* Ref.get(state) }
        }).pipe(Effect.scoped, (work) => patiently(target, session, options, begun, work))
        // What an observation has begun to tell it tells to the end, or the turn's end would cut off a piece.
        const watching = Effect.uninterruptible(Effect.flatMap(current, observe))
        return yield* Effect.raceFirst(
          work,
          Effect.andThen(Effect.repeat(watching, Schedule.spaced("100 millis")), Effect.never),
        ).pipe(Effect.tap(({ turn }) => observe(Option.some(turn))))
      })

      const accept = Effect.fnUntraced(function* (
        target: Target,
        session: Session,
        options: SendOptions,
        begun: Ref.Ref<Option.Option<Ref.Ref<Turn.Turn>>>,
      ) {
        const { notices, state } = yield* prompt(target, session, options, begun)
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

      const start = Effect.fn("Turns.start")(function* (target: Target, session: Session, options: SendOptions) {
        const begun = yield* Ref.make(Option.none<Ref.Ref<Turn.Turn>>())
        return yield* patiently(target, session, options, begun, accept(target, session, options, begun))
      })

      return Turns.of({ send, start })
    }),
  )
}
