/**
 * Sends a prompt and follows its turn to an outcome.
 *
 * opencode merges prompts that reach a busy session and answers only the newest. So one turn at a time runs in a
 * session: prompts of this process wait for each other, and for a turn that was started elsewhere.
 */
import { Context, Effect, Layer, Option, PubSub, RcMap, Ref, Schedule, type Scope, Semaphore } from "effect"
import { type ClientError, SessionBusy } from "./errors.ts"
import { pendingIn } from "./activity.ts"
import { freshMessageId, type SessionId } from "./Identifiers.ts"
import { InstanceEvents, type Notice } from "./InstanceEvents.ts"
import { OpencodeClient } from "./OpencodeClient.ts"
import type { Session } from "./Session.ts"
import type { Target } from "./Target.ts"
import * as Turn from "./Turn.ts"
import { confirmIdle, look, statusOf } from "./turnSnapshot.ts"

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

/** How long an instance that vanished in the middle of a turn may take to come back. */
const absence = "30 seconds"

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
    ) => Effect.Effect<Report, ClientError | SessionBusy>
    /** Sends the prompt and returns when opencode shows that it has it, or reports that it failed. */
    readonly start: (
      target: Target,
      session: Session,
      options: SendOptions,
    ) => Effect.Effect<Report, ClientError | SessionBusy>
    /** What a session's turn waits for a person to decide, its subagents' turns included. */
    readonly pending: (
      target: Target,
      session: Session,
    ) => Effect.Effect<ReadonlyArray<Turn.PendingRequest>, ClientError>
  }
>()("opencode-fleet/opencode/Turns") {
  static readonly layer = Layer.effect(
    Turns,
    Effect.gen(function* () {
      const client = yield* OpencodeClient
      const events = yield* InstanceEvents
      const locks = yield* RcMap.make({ lookup: (_session: string) => Semaphore.make(1) })

      const oneAtATime =
        (target: Target, session: SessionId) =>
        <A, E, R>(effect: Effect.Effect<A, E, R>) =>
          Effect.scoped(
            Effect.flatMap(RcMap.get(locks, `${target.url} ${session}`), (lock) => lock.withPermits(1)(effect)),
          )

      const follow = Effect.fnUntraced(function* (
        target: Target,
        session: Session,
        notices: PubSub.Subscription<Notice>,
        state: Ref.Ref<Turn.Turn>,
      ) {
        let lost = false
        while (true) {
          const turn = yield* Ref.get(state)
          const known = Turn.outcome(turn)
          if (known !== undefined) return known
          if (turn.status.type === "idle" || (turn.error !== undefined && !turn.taken)) {
            const confirmed = yield* confirmIdle(client.at(target), session, state)
            if (confirmed !== undefined) return confirmed
          }
          const next = yield* lost
            ? Effect.timeoutOption(PubSub.take(notices), absence)
            : Effect.asSome(PubSub.take(notices))
          if (Option.isNone(next)) {
            return { _tag: "unreachable", detail: `it went away and did not come back within ${absence}` } as const
          }
          const notice = next.value
          switch (notice._tag) {
            case "Lost":
              lost = true
              break
            case "Reconnected":
              lost = false
              yield* look(client.at(target), session, state)
              break
            case "Event":
              yield* Ref.update(state, (turn) => Turn.advance(turn, notice.event))
          }
        }
      })

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

      /** What the other turn waits for is told where it can be had at once; the caller has waited long enough. */
      const busy = Effect.fnUntraced(function* (target: Target, session: Session) {
        const [first] = yield* pending(target, session).pipe(
          Effect.timeout("2 seconds"),
          Effect.orElseSucceed((): ReadonlyArray<Turn.PendingRequest> => []),
        )
        return yield* new SessionBusy({
          instance: target.instance,
          session: session.id,
          ...(first === undefined ? {} : { waitingFor: Turn.describe(first) }),
        })
      })

      /** Subscribes, waits for the session as asked, and posts the prompt. `onBegun` is told before the prompt leaves. */
      const prompt = Effect.fnUntraced(function* (
        target: Target,
        session: Session,
        { ifBusy, ...options }: SendOptions,
        onBegun: (state: Ref.Ref<Turn.Turn>) => Effect.Effect<void>,
      ): Effect.fn.Return<
        { state: Ref.Ref<Turn.Turn>; notices: PubSub.Subscription<Notice> },
        ClientError | SessionBusy,
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
            Effect.catchTag(["InstanceUnreachable", "RequestTimeout"], (error) =>
              // It may have arrived. It is never sent again; whether it is stored decides what to say.
              Effect.flatMap(
                error._tag === "InstanceUnreachable" && !error.mayHaveArrived
                  ? Effect.fail(error)
                  : Effect.mapError(look(client.at(target), session, state), () => error),
                ({ taken }) => (taken ? Effect.void : Effect.fail(error)),
              ),
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
          const outcome = yield* outcomeOf(follow(target, session, notices, state))
          return { outcome, turn: yield* Ref.get(state) }
        }).pipe(
          Effect.scoped,
          options.ifBusy === "steer" ? (work) => work : oneAtATime(target, session.id),
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
        const watching = Effect.flatMap(current, observe)
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
            if (turn.error !== undefined) return yield* follow(target, session, notices, state)
            const notice = yield* PubSub.take(notices)
            if (notice._tag === "Event") yield* Ref.update(state, (turn) => Turn.advance(turn, notice.event))
          }
        })
        const outcome = yield* taken.pipe(
          outcomeOf,
          // opencode has accepted it; where it is slow to show it, following it is for wait and get_session.
          Effect.timeoutOrElse({
            duration: "5 seconds",
            orElse: () => Effect.succeed({ _tag: "still running" } as const),
          }),
        )
        return { outcome, turn: yield* Ref.get(state) }
      }, Effect.scoped)

      const pending = Effect.fn("Turns.pending")(function* (target: Target, session: Session) {
        if ((yield* statusOf(client.at(target), session)).type === "idle") return []
        const opencode = client.at(target)
        const all = yield* pendingIn(opencode, session.directory)
        const belongs = Effect.fnUntraced(function* ({ request }: Turn.PendingRequest) {
          let id: SessionId | undefined = request.sessionID
          while (id !== undefined && id !== session.id) id = (yield* opencode.session(id)).parentID
          return id !== undefined
        })
        return yield* Effect.filter(all, belongs)
      })

      return Turns.of({
        send,
        start: (target, session, options) =>
          start(target, session, options).pipe(
            options.ifBusy === "steer" ? (starting) => starting : oneAtATime(target, session.id),
          ),
        pending,
      })
    }),
  )
}

/** An instance that fails in the middle of a turn is the turn's outcome: the prompt was sent, and that must be said. */
const outcomeOf = (following: Effect.Effect<Turn.Outcome, ClientError>) =>
  Effect.catch(following, (error) => Effect.succeed<Turn.Outcome>({ _tag: "unreachable", detail: error.message }))
