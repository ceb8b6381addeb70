/** Follows one turn, whose prompt has been sent, to its outcome. */
import { Effect, Option, PubSub, Ref, Schedule } from "effect"
import type { ClientError } from "./errors.ts"
import type { Notice } from "./InstanceEvents.ts"
import type { Opencode } from "./OpencodeClient.ts"
import type { Session } from "./Session.ts"
import * as Turn from "./Turn.ts"
import { confirmIdle, look } from "./storedTurn.ts"

/** How long an instance that vanished in the middle of a turn may take to come back. */
const absence = "30 seconds"

/** An instance that has just come back may not answer at first. It gets as long as one that is away. */
const persistently = <A, R>(effect: Effect.Effect<A, ClientError, R>) =>
  Effect.retry(effect, {
    while: (error) => error._tag === "InstanceUnreachable" || error._tag === "RequestTimeout",
    schedule: Schedule.upTo(Schedule.spaced("1 second"), { duration: absence }),
  })

/**
 * Folds what is heard into `state` until that decides the outcome. Where something may have been missed, what opencode
 * has stored is read. It ends only with the turn, or with an instance that does not come back.
 */
export const followTurn = Effect.fnUntraced(
  function* (opencode: Opencode, session: Session, notices: PubSub.Subscription<Notice>, state: Ref.Ref<Turn.Turn>) {
    let lost = false
    let interrupted = false
    while (true) {
      const turn = yield* Ref.get(state)
      const known = Turn.outcome(turn)
      if (known !== undefined) return known
      const rejected = turn.error !== undefined && !turn.taken
      // The turn before may report its error once more, after it is over: that is not the end of this one.
      if (rejected) yield* Effect.sleep("1 second")
      if (turn.status.type === "idle" || rejected) {
        const confirmed = yield* persistently(confirmIdle(opencode, session, state, interrupted))
        if (confirmed !== undefined) return confirmed
      }
      const next = yield* lost
        ? Effect.timeoutOption(PubSub.take(notices), absence)
        : Effect.asSome(PubSub.take(notices))
      if (Option.isNone(next)) {
        return { _tag: "unreachable", detail: `it went away and did not come back within ${absence}` } as const
      }
      const notice = next.value
      if (notice._tag === "Lost") {
        lost = true
        interrupted = true
      } else if (notice._tag === "Reconnected" || notice.event.type === "server.instance.disposed") {
        lost = false
        interrupted = true
        yield* persistently(look(opencode, session, state))
      } else {
        yield* Ref.update(state, (turn) => Turn.advance(turn, notice.event))
      }
    }
  },
  // The prompt was sent, and that must be said: what fails now is the turn's outcome.
  Effect.catch((error: ClientError) => Effect.succeed<Turn.Outcome>({ _tag: "unreachable", detail: error.message })),
)
