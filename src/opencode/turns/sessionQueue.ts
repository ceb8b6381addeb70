/**
 * One turn at a time in a session: opencode merges prompts that reach a busy one, and answers only the newest.
 *
 * Prompts of this process wait for each other in a line; for a turn that was started elsewhere, by what opencode says.
 */
import { Effect, Option, RcMap, Ref, Semaphore } from "effect"
import { pendingOf } from "../sessions/activity.ts"
import { SessionBusy } from "../errors.ts"
import type { Notices } from "../events/InstanceEvents.ts"
import type { Opencode } from "../Opencode.ts"
import { describe, type PendingRequest } from "../requests/PendingRequest.ts"
import type { Session } from "../sessions/Session.ts"
import { statusOf } from "./storedTurn.ts"
import type { Target } from "../Target.ts"

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
            notice.event._tag === "StatusChanged" &&
            notice.event.status.type === "idle" &&
            notice.event.sessionID === session.id,
        }),
      ),
      "5 seconds",
    )
  }
})

/** Whether the prompt of one in the line is about to leave or has left. */
type Begun = Effect.Effect<boolean>

/** Those of this process up to oneself in the line, the first of them first. */
export type Place = Ref.Ref<ReadonlyArray<Begun>>

export const makePlace: Effect.Effect<Place> = Ref.make<ReadonlyArray<Begun>>([])

/** How many turns come first. While the first in the line has not begun, it waits for one that was begun elsewhere. */
export const turnsBefore = Effect.fnUntraced(function* (place: Place) {
  const standing = yield* Ref.get(place)
  const [first] = standing
  const elsewhere = first === undefined || !(yield* first)
  return Math.max(1, standing.length - (elsewhere ? 0 : 1))
})

interface Waiter {
  readonly begun: Begun
  /** Follows how the line gets shorter. */
  readonly place: Place
}

const makeLine = Effect.gen(function* () {
  const lock = yield* Semaphore.make(1)
  const line: Array<Waiter> = []
  const renumber = Effect.suspend(() =>
    Effect.forEach(
      line,
      ({ place }, index) =>
        Ref.set(
          place,
          line.slice(0, index + 1).map(({ begun }) => begun),
        ),
      { discard: true },
    ),
  )
  const standing = (waiter: Waiter) => {
    const join = Effect.sync(() => void line.push(waiter))
    const leave = Effect.sync(() => void line.splice(line.indexOf(waiter), 1))
    return <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.acquireUseRelease(
        Effect.andThen(join, renumber),
        () => effect,
        () => Effect.andThen(leave, renumber),
      )
  }
  return {
    wait:
      (waiter: Waiter) =>
      <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        lock.withPermits(1)(effect).pipe(standing(waiter)),
    ifFree:
      (waiter: Waiter) =>
      <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        lock.withPermitsIfAvailable(1)(effect).pipe(standing(waiter)),
  }
})

/** The lines of all sessions, which live as long as the scope that this is made in. */
export const makeSessionLines = Effect.gen(function* () {
  const lines = yield* RcMap.make({ lookup: (_session: string) => makeLine })

  /** Runs the effect when no other prompt of this process runs in the session, or beside it if it is to steer. */
  return (target: Target, opencode: Opencode, session: Session, ifBusy: IfBusy, waiter: Waiter) =>
    <A, E, R>(effect: Effect.Effect<A, E, R>) => {
      if (ifBusy === "steer") return effect
      return Effect.gen(function* () {
        const line = yield* RcMap.get(lines, `${target.url} ${session.id}`)
        if (ifBusy === "wait") return yield* line.wait(waiter)(effect)
        const done = yield* line.ifFree(waiter)(effect)
        return Option.isSome(done) ? done.value : yield* sessionBusy(target, opencode, session)
      }).pipe(Effect.scoped)
    }
})
