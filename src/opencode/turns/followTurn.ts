/** Follows one turn to its outcome. */
import { Clock, Effect, Option, Ref, Schedule } from "effect"
import type { ClientError } from "../errors.ts"
import type { Notice, Notices } from "../events/InstanceEvents.ts"
import type { Opencode } from "../Opencode.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import type { Session } from "../sessions/Session.ts"
import * as Turn from "../turn/Turn.ts"
import { confirmIdle, look } from "./storedTurn.ts"

/** How long an instance that vanished in the middle of a turn may take to come back. */
export const absence = "30 seconds"

/** What may be otherwise in a moment: the instance is away or starts, or a proxy before it says so. */
const isTransient = (error: ClientError) =>
  error._tag === "InstanceUnreachable" ||
  error._tag === "RequestTimeout" ||
  ((error._tag === "OpencodeError" || error._tag === "UnexpectedResponse") && (error.status ?? 0) >= 500)

/** An instance that has just come back may not answer at first. It gets as long as one that is away. */
export const persistently = <A, R>(effect: Effect.Effect<A, ClientError, R>) =>
  Effect.retry(effect, {
    while: isTransient,
    schedule: Schedule.upTo(Schedule.spaced("1 second"), { duration: absence }),
  })

/** A turn that is heard of no more for so long is looked at: it costs little, and nothing that was missed stays so. */
const quiet = 20_000

/**
 * Has a person decide what the turn waits for; none if they do not. It is interrupted when the request is settled
 * elsewhere. What it gives carries the decision to opencode, and says whether the turn goes on.
 */
export type Decide = (
  request: PendingRequest,
  turn: Turn.Turn,
) => Effect.Effect<Option.Option<Effect.Effect<boolean, ClientError>>>

export interface Following {
  readonly opencode: Opencode
  readonly session: Session
  readonly notices: Notices
  /** The turn as far as it is known, which is kept up to date. */
  readonly state: Ref.Ref<Turn.Turn>
  /** Whether the connection to the events stood when the following began. */
  readonly connected: boolean
  /** Whether the turn may have begun long ago, so that what is stored about it says all. */
  readonly old: boolean
  readonly decide: Decide
}

/** Where there is nobody to ask. */
export const undecided: Decide = () => Effect.succeedNone

const isDeletion = (notice: Notice, { id }: Session) =>
  notice._tag === "Event" && notice.event._tag === "SessionDeleted" && notice.event.sessionID === id

/** What the turn waits for first, while somebody works on it. */
const waitingFor = (turn: Turn.Turn): PendingRequest | undefined =>
  turn.status.type === "idle" ? undefined : [...turn.pending.values()][0]

/**
 * Folds what is heard into `state` until that decides the outcome. Where something may have been missed, what opencode
 * has stored is read. It ends only with the turn, with what a person has to decide and does not, or with an instance
 * that does not come back.
 */
export const followTurn = Effect.fnUntraced(
  function* ({ connected, decide, notices, old, opencode, session, state }: Following) {
    const readStored = persistently(look(opencode, session, state))
    let lost = !connected
    let missed = lost

    let lastKnown = yield* Clock.currentTimeMillis
    const lookAgain = Effect.gen(function* () {
      yield* readStored
      lastKnown = yield* Clock.currentTimeMillis
    })

    /** Hears one notice. An outcome if there is none for too long. */
    const hear = Effect.gen(function* () {
      const next = yield* Effect.timeoutOption(notices.take, lost ? absence : quiet)
      if (Option.isNone(next)) {
        return lost
          ? ({ _tag: "unreachable", detail: `it went away and did not come back within ${absence}` } as const)
          : yield* lookAgain
      }
      const notice = next.value
      if (notice._tag === "Settled" || isDeletion(notice, session)) return yield* lookAgain
      if (notice._tag === "Event" && notice.event._tag !== "StateDropped") {
        lost = false
        const before = yield* Ref.get(state)
        const now = yield* Clock.currentTimeMillis
        const after = yield* Ref.updateAndGet(state, (turn) => Turn.advance(turn, notice.event))
        if (after !== before) lastKnown = now
        return now - lastKnown > quiet ? yield* lookAgain : undefined
      }
      missed = true
      lost = notice._tag === "Lost"
      if (notice._tag === "Lost" && notice.error._tag === "Unauthorized") {
        return { _tag: "unreachable", detail: notice.error.message } as const
      }
      yield* Ref.update(state, Turn.missed)
      if (!lost) yield* lookAgain
      return undefined
    })

    /** Ends when the request is open no longer, whoever has settled it. */
    const settledElsewhere = ({ request }: PendingRequest) =>
      Effect.gen(function* () {
        while (true) {
          const turn = yield* Ref.get(state)
          if (turn.status.type === "idle" || !turn.pending.has(request.id)) return Option.some(Effect.succeed(true))
          if ((yield* hear) !== undefined) return Option.some(Effect.succeed(true))
        }
      })

    if (old) yield* readStored
    while (true) {
      const turn = yield* Ref.get(state)
      if (waitingFor(turn) !== undefined) {
        // Events that were on their way when the stored state was read may tell of what is settled by now.
        const asked = yield* readStored
        const request = waitingFor(asked)
        const waits = Turn.outcome(asked)
        if (request === undefined || waits === undefined) continue
        const decision = yield* Effect.raceFirst(decide(request, asked), settledElsewhere(request))
        // The event that it was settled must not break off what settles it, so nothing is heard meanwhile.
        if (Option.isNone(decision) || !(yield* decision.value)) return waits
        yield* readStored
        continue
      }
      const known = Turn.outcome(turn)
      if (known !== undefined) return known
      const rejected = turn.error !== undefined && !turn.taken
      // The turn before may report its error once more, after it is over: that is not the end of this one.
      if (rejected) yield* Effect.sleep("1 second")
      if (turn.status.type === "idle" || rejected) {
        const confirmed = yield* confirmIdle(readStored, state, { missed, old })
        if (confirmed !== undefined) return confirmed
      }
      const away = yield* hear
      if (away !== undefined) return away
    }
  },
  // What fails now is the turn's outcome: what was asked of opencode before must be said all the same.
  Effect.catch((error: ClientError) =>
    Effect.succeed<Turn.Outcome>(
      error._tag === "SessionNotFound"
        ? { _tag: "interrupted", detail: "the session was deleted" }
        : { _tag: "unreachable", detail: error.message },
    ),
  ),
)
