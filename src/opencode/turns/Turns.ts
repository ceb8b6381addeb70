/**
 * Sends a prompt and follows its turn to an outcome, or follows one that runs already: what is heard and read
 * (`followTurn.ts`, `storedTurn.ts`) is folded into a `Turn`.
 */
import { Clock, Context, Effect, Layer, Option, Ref } from "effect"
import { type ClientError, NoTurn, type SendError } from "../errors.ts"
import { type Decide, followTurn, undecided } from "./followTurn.ts"
import type { MessageId } from "../Identifiers.ts"
import { InstanceEvents } from "../events/InstanceEvents.ts"
import { following, type Observe, observed, type Report } from "./observeTurn.ts"
import { makePlace, makeSessionLines, type Place, sessionBusy, turnsBefore } from "./sessionQueue.ts"
import { type Opencode, OpencodeClient } from "../Opencode.ts"
import { type Addressee, type Begun, confirmArrival, type PromptOptions, promptSession } from "./promptSession.ts"
import type { Session } from "../sessions/Session.ts"
import type { Target } from "../Target.ts"
import * as Turn from "../turn/Turn.ts"
import { observedTurn } from "./turnTelemetry.ts"
import { lastPrompt, look } from "./storedTurn.ts"

export interface Patience {
  /** Milliseconds that all of it may take, waiting for another turn included. */
  readonly patience: number
}

export type SendOptions = PromptOptions & Patience

export interface FollowOptions {
  readonly observe: Observe
  /** Where nobody decides, the following ends with `needs permission` or `needs answer`, as it does without this. */
  readonly decide?: Decide | undefined
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
    /**
     * Follows a turn, whoever began it: that of the message `prompt`, or the last one of the session. If it is over, its
     * outcome comes at once. `first` is done as soon as nothing of what it causes can be missed.
     */
    readonly follow: (
      target: Target,
      session: Session,
      options: FollowOptions &
        Patience & { readonly prompt?: MessageId | undefined; readonly first?: Effect.Effect<void, ClientError> },
    ) => Effect.Effect<Report, ClientError | NoTurn>
  }
>()("opencode-fleet/opencode/Turns") {
  static readonly layer = Layer.effect(
    Turns,
    Effect.gen(function* () {
      const client = yield* OpencodeClient
      const events = yield* InstanceEvents
      const oneAtATime = yield* makeSessionLines

      /** Waits in the session's line, gives up when the patience ends, and says no more of the prompt than is known. */
      const patiently = Effect.fnUntraced(function* (
        to: Addressee,
        { ifBusy, patience }: SendOptions,
        begun: Begun,
        place: Place,
        work: Effect.Effect<Report, ClientError | SendError>,
      ) {
        const { opencode, session, target } = to
        const report = yield* work.pipe(
          oneAtATime(target, opencode, session, ifBusy, { begun: Effect.map(Ref.get(begun), Option.isSome), place }),
          Effect.timeoutOption(patience),
        )
        if (Option.isSome(report)) return report.value
        const state = Option.getOrUndefined(yield* Ref.get(begun))
        if (state === undefined) return yield* sessionBusy(target, opencode, session)
        if ((yield* Ref.get(state)).taken) return yield* outOfPatience(opencode, session, state)
        yield* confirmArrival(to, state, "we stopped waiting", "2 seconds")
        const turn = yield* Ref.get(state)
        return { outcome: Turn.outcome(turn) ?? stillRunning, turn }
      })

      const send = Effect.fnUntraced(function* (
        target: Target,
        session: Session,
        { decide = undecided, observe, ...options }: SendOptions & FollowOptions,
      ) {
        const to = { target, session, opencode: client.at(target) }
        const begun = yield* Ref.make(Option.none<Ref.Ref<Turn.Turn>>())
        const place = yield* makePlace
        const work = Effect.gen(function* () {
          const prompted = yield* promptSession(events, to, options, begun)
          const outcome = yield* followTurn({ ...to, ...prompted, old: false, decide })
          return { outcome, turn: yield* Ref.get(prompted.state) }
        }).pipe(Effect.scoped, (work) => patiently(to, options, begun, place, work))
        const stage = Effect.gen(function* () {
          const state = yield* Ref.get(begun)
          return Option.isSome(state)
            ? following(yield* Ref.get(state.value))
            : { _tag: "Queued" as const, ahead: yield* turnsBefore(place) }
        })
        return yield* observed(observe, stage, work)
      })

      const accept = Effect.fnUntraced(function* (to: Addressee, options: SendOptions, begun: Begun) {
        const prompted = yield* promptSession(events, to, options, begun)
        const { notices, state } = prompted
        const taken = Effect.gen(function* () {
          while (true) {
            const turn = yield* Ref.get(state)
            if (turn.taken) return stillRunning
            if (turn.error !== undefined) {
              return yield* followTurn({ ...to, ...prompted, old: false, decide: undecided })
            }
            const notice = yield* notices.take
            if (notice._tag === "Event") yield* Ref.update(state, (turn) => Turn.advance(turn, notice.event))
            // The prompt has left: nothing that fails from now on may look as if it had not.
            else if (notice._tag !== "Lost") yield* Effect.ignore(look(to.opencode, to.session, state))
          }
        })
        const outcome = yield* taken.pipe(
          // opencode has accepted it; where it is slow to show it, following it is for wait_for_session.
          Effect.timeoutOrElse({ duration: "5 seconds", orElse: () => Effect.succeed(stillRunning) }),
        )
        return { outcome, turn: yield* Ref.get(state) }
      }, Effect.scoped)

      const start = Effect.fnUntraced(function* (target: Target, session: Session, options: SendOptions) {
        const to = { target, session, opencode: client.at(target) }
        const begun = yield* Ref.make(Option.none<Ref.Ref<Turn.Turn>>())
        const place = yield* makePlace
        return yield* patiently(to, options, begun, place, accept(to, options, begun))
      })

      const follow: Turns["Service"]["follow"] = Effect.fnUntraced(function* (
        target,
        session,
        { decide = undecided, first, observe, patience, prompt },
      ) {
        const opencode = client.at(target)
        const began = yield* Clock.currentTimeMillis
        const notices = yield* events.subscribe(target)
        const id = prompt ?? (yield* lastPrompt(opencode, session))
        if (id === undefined) return yield* new NoTurn({ instance: target.instance, session: session.id })
        const state = yield* Ref.make<Turn.Turn>({ ...Turn.begin(session.id, id), taken: true })
        const left = Math.max(0, patience - ((yield* Clock.currentTimeMillis) - began))
        const work = Effect.gen(function* () {
          if (first !== undefined) yield* first
          const outcome = yield* followTurn({ opencode, session, notices, state, connected: true, old: true, decide })
          return { outcome, turn: yield* Ref.get(state) }
        }).pipe(Effect.timeoutOrElse({ duration: left, orElse: () => outOfPatience(opencode, session, state) }))
        return yield* observed(observe, Effect.map(Ref.get(state), following), work)
      }, Effect.scoped)

      return Turns.of({
        send: (target, session, options) => observedTurn("send", target, session)(send(target, session, options)),
        start: (target, session, options) => observedTurn("start", target, session)(start(target, session, options)),
        follow: (target, session, options) => observedTurn("follow", target, session)(follow(target, session, options)),
      })
    }),
  )
}

const stillRunning = { _tag: "still running" } as const

/** While a laptop sleeps, the patience may end together with the turn: what is stored has the last word. */
const outOfPatience = Effect.fnUntraced(function* (opencode: Opencode, session: Session, state: Ref.Ref<Turn.Turn>) {
  const running = yield* look(opencode, session, state).pipe(
    Effect.timeout("2 seconds"),
    Effect.as(stillRunning),
    Effect.orElseSucceed((): Turn.Outcome => ({
      ...stillRunning,
      detail: "the instance does not answer at the moment",
    })),
  )
  const turn = yield* Ref.get(state)
  const unfinished: Turn.Outcome =
    turn.status.type === "idle" ? { ...stillRunning, detail: "the session is idle, its answer not complete" } : running
  return { outcome: Turn.outcome(turn) ?? unfinished, turn }
})
