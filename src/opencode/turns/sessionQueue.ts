/**
 * Runs one turn at a time in a session, because opencode merges prompts that reach a busy session and answers only the
 * newest.
 *
 * Prompts of this process wait for each other in a queue. If a turn was started elsewhere, the first prompt waits until
 * opencode reports the session as idle. None waits behind a turn that waits for a person, who may never come: its caller
 * learns at once what has to be decided.
 */
import { Effect, Fiber, Latch, Option, RcMap, RcRef, Semaphore } from "effect"
import { pendingRequestsOf } from "../requests/pendingRequests.ts"
import { type ClientError } from "../errors.ts"
import { SessionBusy } from "./sendErrors.ts"
import type { InstanceEvents, Notices } from "../events/InstanceEvents.ts"
import type { Opencode } from "../Opencode.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import { describe } from "../requests/requestedActs.ts"
import type { Session } from "../sessions/Session.ts"
import type { SessionAddress } from "./SessionAddress.ts"
import { statusOf } from "./storedTurn.ts"

/** If another turn is running in the session: wait for its end, add the message to it (`steer`), or fail. */
export type IfBusy = "wait" | "steer" | "fail"

/** The first request that a person must decide, if opencode reports one within 2 s. */
const firstRequest = (opencode: Opencode, session: Session) =>
  pendingRequestsOf(opencode, session).pipe(
    Effect.map(([first]): PendingRequest | undefined => first),
    Effect.timeout("2 seconds"),
    Effect.orElseSucceed(() => undefined),
  )

const busy = ({ session, target }: SessionAddress, first: PendingRequest | undefined) =>
  new SessionBusy({
    instance: target.instance,
    session: session.id,
    ...(first === undefined ? {} : { waitingFor: { kind: first.kind, id: first.request.id, about: describe(first) } }),
  })

/** Fails with `SessionBusy`, which names what the running turn waits for. */
export const sessionBusy = Effect.fnUntraced(function* (address: SessionAddress) {
  return yield* busy(address, yield* firstRequest(address.opencode, address.session))
})

/** Waits until the session may have become idle, or its turn may wait for a person; at most 5 s, as events can be missed. */
const nextChange = (session: Session, notices: Notices) =>
  notices.take.pipe(
    Effect.repeat({
      until: (notice) =>
        notice._tag === "Event" &&
        (notice.event._tag === "RequestOpened" ||
          (notice.event._tag === "StatusChanged" &&
            notice.event.status.type === "idle" &&
            notice.event.sessionID === session.id)),
    }),
    Effect.timeoutOption("5 seconds"),
  )

/** Returns when no turn is running in the session. Fails as soon as the running turn waits for a person. */
export const awaitIdle = Effect.fnUntraced(function* (
  address: SessionAddress,
  notices: Notices,
): Effect.fn.Return<void, ClientError | SessionBusy> {
  const { opencode, session } = address
  while ((yield* statusOf(opencode, session)).type !== "idle") {
    const first = yield* firstRequest(opencode, session)
    if (first !== undefined) return yield* busy(address, first)
    yield* nextChange(session, notices)
  }
})

/** Fails as soon as the session's running turn waits for a person, for a prompt that waits behind it. Never returns. */
const untilPersonIsNeeded = (events: InstanceEvents["Service"], address: SessionAddress) =>
  Effect.gen(function* () {
    const { opencode, session, target } = address
    const notices = yield* events.subscribe(target)
    while (true) {
      const status = yield* Effect.option(statusOf(opencode, session))
      const isBusy = Option.isSome(status) && status.value.type !== "idle"
      const first = isBusy ? yield* firstRequest(opencode, session) : undefined
      if (first !== undefined) return busy(address, first)
      yield* nextChange(session, notices)
    }
  }).pipe(
    Effect.scoped,
    // The prompt itself reports an instance that cannot be reached.
    Effect.catch(() => Effect.never),
  )

/** One prompt in the queue. */
interface QueueEntry {
  readonly ifBusy: IfBusy
  /** Called with the number of turns ahead, at the start and whenever it changes, until the prompt is sent. */
  readonly onPosition: (turnsAhead: number) => Effect.Effect<void>
}

interface Waiting extends QueueEntry {
  /** Yields an error when no prompt of the queue must wait any longer. */
  readonly refusal: Effect.Effect<SessionBusy>
}

const makeQueue = Effect.gen(function* () {
  const permit = yield* Semaphore.make(1)
  let refusal: Effect.Effect<SessionBusy> = Effect.never
  // All prompts that wait share it, because it asks opencode after each change.
  const watching = yield* RcRef.make({ acquire: Effect.suspend(() => Effect.forkScoped(refusal)) })
  const refusedAll = Effect.scoped(Effect.flatMap(RcRef.get(watching), Fiber.join))
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

  /** Number of prompts that are not sent. */
  const waiting = () => queue.filter(({ isSent }) => !isSent).length

  /** `None` if the work was not done because the permit is taken. */
  const enqueue = <A, E, R>(entry: Waiting, work: (sent: Effect.Effect<void>) => Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      refusal = entry.refusal
      const own = { ...entry, isSent: false, turnsAhead: 0 }
      let state: "waiting" | "begun" | "refused" = "waiting"
      const begun = Latch.makeUnsafe()
      // Once the work has begun, what the session waits for may belong to its own turn.
      const begin = Effect.suspend(() => {
        if (state === "refused") return Effect.never
        state = "begun"
        return Effect.andThen(begun.open, work(sent))
      })
      const refused = Effect.flatMap(Effect.raceFirst(Effect.as(begun.await, undefined), refusedAll), (error) => {
        if (error === undefined || state === "begun") return Effect.never
        state = "refused"
        return Effect.fail(error)
      })
      const sent = Effect.suspend(() => {
        own.isSent = true
        return reportPositions
      })
      const turn =
        entry.ifBusy === "wait"
          ? Effect.raceFirst(Effect.asSome(permit.withPermits(1)(begin)), refused)
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
  return { enqueue, waiting }
})

const keyOf = ({ session, target }: Pick<SessionAddress, "session" | "target">) => `${target.url} ${session.id}`

/** The queues of all sessions, which live as long as the current scope. */
export const makeSessionQueues = Effect.fnUntraced(function* (events: InstanceEvents["Service"]) {
  const queues = yield* RcMap.make({ lookup: (_session: string) => makeQueue })

  /**
   * Does the work when no other prompt of this process is running in the session; a steering prompt does not wait. The work
   * receives the effect `sent`, which it must run when its prompt is sent.
   */
  const enqueue = <A, E, R>(
    address: SessionAddress,
    entry: QueueEntry,
    work: (sent: Effect.Effect<void>) => Effect.Effect<A, E, R>,
  ): Effect.Effect<A, E | SessionBusy, R> => {
    if (entry.ifBusy === "steer") return work(Effect.void)
    return Effect.gen(function* () {
      const { enqueue } = yield* RcMap.get(queues, keyOf(address))
      const result = yield* enqueue({ ...entry, refusal: untilPersonIsNeeded(events, address) }, work)
      return Option.isSome(result) ? result.value : yield* sessionBusy(address)
    }).pipe(Effect.scoped)
  }
  const waiting = (address: Pick<SessionAddress, "session" | "target">) =>
    Effect.scoped(Effect.map(RcMap.get(queues, keyOf(address)), (queue) => queue.waiting()))
  return { enqueue, waiting }
})
