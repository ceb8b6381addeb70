/**
 * One turn at a time in a session: opencode merges prompts that reach a busy one, and answers only the newest.
 *
 * Prompts of this process wait for each other by a lock; for a turn that was started elsewhere, by what opencode says.
 */
import { Effect, Option, PubSub, RcMap, Semaphore } from "effect"
import { pendingOf } from "./activity.ts"
import { SessionBusy } from "./errors.ts"
import type { Notice } from "./InstanceEvents.ts"
import type { Opencode } from "./OpencodeClient.ts"
import { describe, type PendingRequest } from "./PendingRequest.ts"
import type { Session } from "./Session.ts"
import { statusOf } from "./storedTurn.ts"
import type { Target } from "./Target.ts"

/** What to do while another turn runs: wait for its end, hand the message to it, or give up. */
export type IfBusy = "wait" | "steer" | "fail"

/** The failure of whoever waited for nothing. What the other turn waits for is told where it can be had at once. */
export const sessionBusy = Effect.fnUntraced(function* (target: Target, opencode: Opencode, session: Session) {
  const [first] = yield* pendingOf(opencode, session).pipe(
    Effect.timeout("2 seconds"),
    Effect.orElseSucceed((): ReadonlyArray<PendingRequest> => []),
  )
  return yield* new SessionBusy({
    instance: target.instance,
    session: session.id,
    ...(first === undefined ? {} : { waitingFor: describe(first) }),
  })
})

/** Ends when no turn runs in the session. */
export const awaitIdle = Effect.fnUntraced(function* (
  opencode: Opencode,
  session: Session,
  notices: PubSub.Subscription<Notice>,
) {
  while ((yield* statusOf(opencode, session)).type !== "idle") {
    // Until it is said to be idle, or for a while: the status is asked again either way.
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

/** The locks of all sessions, which live as long as the scope that this is made in. */
export const makeSessionLocks = Effect.gen(function* () {
  const locks = yield* RcMap.make({ lookup: (_session: string) => Semaphore.make(1) })

  /** Runs the effect when no other prompt of this process runs in the session, or beside it if it is to steer. */
  return (target: Target, opencode: Opencode, session: Session, ifBusy: IfBusy) =>
    <A, E, R>(effect: Effect.Effect<A, E, R>) => {
      if (ifBusy === "steer") return effect
      return Effect.gen(function* () {
        const lock = yield* RcMap.get(locks, `${target.url} ${session.id}`)
        if (ifBusy === "wait") return yield* lock.withPermits(1)(effect)
        const done = yield* lock.withPermitsIfAvailable(1)(effect)
        return Option.isSome(done) ? done.value : yield* sessionBusy(target, opencode, session)
      }).pipe(Effect.scoped)
    }
})
