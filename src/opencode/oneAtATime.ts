/**
 * One turn at a time in a session: opencode merges prompts that reach a busy one, and answers only the newest.
 *
 * Prompts of this process wait for each other in a line; for a turn that was started elsewhere, by what opencode says.
 */
import { Effect, Option, RcMap, Ref, Semaphore } from "effect"
import { pendingOf } from "./activity.ts"
import { SessionBusy } from "./errors.ts"
import type { Notices } from "./InstanceEvents.ts"
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
export const awaitIdle = Effect.fnUntraced(function* (opencode: Opencode, session: Session, notices: Notices) {
  while ((yield* statusOf(opencode, session)).type !== "idle") {
    // Until it is said to be idle, or for a while: the status is asked again either way.
    yield* Effect.timeoutOption(
      notices.take.pipe(
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

/** How many prompts of this process are before one's own in the line, the one that is answered included. */
export type Place = Ref.Ref<number>

const makeLine = Effect.gen(function* () {
  const lock = yield* Semaphore.make(1)
  const places: Array<Place> = []
  const renumber = Effect.suspend(() => Effect.forEach(places, Ref.set, { discard: true }))
  /** `place` follows how the line gets shorter. */
  const standing = (place: Place) => {
    const join = Effect.sync(() => void places.push(place))
    const leave = Effect.sync(() => void places.splice(places.indexOf(place), 1))
    return <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.acquireUseRelease(
        Effect.andThen(join, renumber),
        () => effect,
        () => Effect.andThen(leave, renumber),
      )
  }
  return {
    wait:
      (place: Place) =>
      <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        lock.withPermits(1)(effect).pipe(standing(place)),
    ifFree:
      (place: Place) =>
      <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        lock.withPermitsIfAvailable(1)(effect).pipe(standing(place)),
  }
})

/** The lines of all sessions, which live as long as the scope that this is made in. */
export const makeSessionLines = Effect.gen(function* () {
  const lines = yield* RcMap.make({ lookup: (_session: string) => makeLine })

  /** Runs the effect when no other prompt of this process runs in the session, or beside it if it is to steer. */
  return (target: Target, opencode: Opencode, session: Session, ifBusy: IfBusy, place: Place) =>
    <A, E, R>(effect: Effect.Effect<A, E, R>) => {
      if (ifBusy === "steer") return effect
      return Effect.gen(function* () {
        const line = yield* RcMap.get(lines, `${target.url} ${session.id}`)
        if (ifBusy === "wait") return yield* line.wait(place)(effect)
        const done = yield* line.ifFree(place)(effect)
        return Option.isSome(done) ? done.value : yield* sessionBusy(target, opencode, session)
      }).pipe(Effect.scoped)
    }
})
