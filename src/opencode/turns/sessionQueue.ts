/**
 * Runs one turn at a time in a session, because opencode merges prompts that reach a busy session and answers only the
 * newest.
 *
 * Prompts of this process wait for each other in a queue. If a turn was started elsewhere, the first prompt waits until
 * opencode reports the session as idle.
 */
import { Effect, Option, RcMap, Semaphore } from "effect"
import { pendingRequestsOf } from "../requests/pendingRequests.ts"
import { type ClientError, SessionBusy } from "../errors.ts"
import type { Notices } from "../events/InstanceEvents.ts"
import type { Opencode } from "../Opencode.ts"
import { describe, type PendingRequest } from "../requests/PendingRequest.ts"
import type { Session } from "../sessions/Session.ts"
import type { SessionAddress } from "./SessionAddress.ts"
import { statusOf } from "./storedTurn.ts"

/** If another turn is running in the session: wait for its end, add the message to it (`steer`), or fail. */
export type IfBusy = "wait" | "steer" | "fail"

/** Fails with `SessionBusy`, which names what the running turn waits for if opencode reports it within 2 s. */
export const sessionBusy = Effect.fnUntraced(function* ({ opencode, session, target }: SessionAddress) {
  const [first] = yield* pendingRequestsOf(opencode, session).pipe(
    Effect.timeout("2 seconds"),
    Effect.orElseSucceed((): ReadonlyArray<PendingRequest> => []),
  )
  return yield* new SessionBusy({
    instance: target.instance,
    session: session.id,
    ...(first === undefined ? {} : { waitingFor: describe(first) }),
  })
})

/** Returns when no turn is running in the session. */
export const awaitIdle = Effect.fnUntraced(function* (
  opencode: Opencode,
  session: Session,
  notices: Notices,
): Effect.fn.Return<void, ClientError> {
  while ((yield* statusOf(opencode, session)).type !== "idle") {
    // The status is read again after an idle event, and every 5 s in case an event was missed.
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

/** One prompt in the queue. */
interface QueueEntry {
  readonly ifBusy: IfBusy
  /** Called with the number of turns ahead, at the start and whenever it changes, until the prompt is sent. */
  readonly onPosition: (turnsAhead: number) => Effect.Effect<void>
}

const makeQueue = Effect.gen(function* () {
  const permit = yield* Semaphore.make(1)
  const queue: Array<QueueEntry & { isSent: boolean; turnsAhead: number }> = []

  const reportPositions = Effect.suspend(() => {
    // Until the first prompt is sent, it may wait for a turn that was started elsewhere.
    const elsewhere = queue[0]?.isSent === false ? 1 : 0
    const moved = queue.filter((entry, index) => {
      const before = entry.turnsAhead
      entry.turnsAhead = index + elsewhere
      return !entry.isSent && entry.turnsAhead !== before
    })
    return Effect.forEach(moved, ({ onPosition, turnsAhead }) => onPosition(turnsAhead), { discard: true })
  })

  /** `None` if the work was not done because the permit is taken. */
  return <A, E, R>(entry: QueueEntry, work: (sent: Effect.Effect<void>) => Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const own = { ...entry, isSent: false, turnsAhead: 0 }
      const sent = Effect.suspend(() => {
        own.isSent = true
        return reportPositions
      })
      const turn =
        entry.ifBusy === "wait"
          ? Effect.asSome(permit.withPermits(1)(work(sent)))
          : permit.withPermitsIfAvailable(1)(work(sent))
      return Effect.acquireUseRelease(
        Effect.andThen(
          Effect.sync(() => void queue.push(own)),
          reportPositions,
        ),
        () => turn,
        () =>
          Effect.andThen(
            Effect.sync(() => void queue.splice(queue.indexOf(own), 1)),
            reportPositions,
          ),
      )
    })
})

/** The queues of all sessions, which live as long as the current scope. */
export const makeSessionQueues = Effect.gen(function* () {
  const queues = yield* RcMap.make({ lookup: (_session: string) => makeQueue })

  /**
   * Does the work when no other prompt of this process is running in the session; a steering prompt does not wait. The work
   * receives the effect `sent`, which it must run when its prompt is sent.
   */
  return <A, E, R>(
    address: SessionAddress,
    entry: QueueEntry,
    work: (sent: Effect.Effect<void>) => Effect.Effect<A, E, R>,
  ): Effect.Effect<A, E | SessionBusy, R> => {
    if (entry.ifBusy === "steer") return work(Effect.void)
    return Effect.gen(function* () {
      const enqueue = yield* RcMap.get(queues, `${address.target.url} ${address.session.id}`)
      const result = yield* enqueue(entry, work)
      return Option.isSome(result) ? result.value : yield* sessionBusy(address)
    }).pipe(Effect.scoped)
  }
})
