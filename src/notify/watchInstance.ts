/**
 * The events of one instance that a person is told about. They follow from its event stream; when events may be missing, what
 * opencode has is read and compared with what was known.
 */
import { Clock, type Duration, Effect, Queue, type Scope, Stream } from "effect"
import { Fleet } from "../fleet/Fleet.ts"
import type { Instance } from "../fleet/Instance.ts"
import type { ClientError } from "../opencode/errors.ts"
import { InstanceEvents } from "../opencode/events/InstanceEvents.ts"
import type { TurnEvent } from "../opencode/events/TurnEvent.ts"
import type { SessionId } from "../opencode/Identifiers.ts"
import { OpencodeClient } from "../opencode/Opencode.ts"
import type { PendingRequest } from "../opencode/requests/PendingRequest.ts"
import { describe } from "../opencode/requests/requestedActs.ts"
import type { Target } from "../opencode/Target.ts"
import { Turns } from "../opencode/turns/Turns.ts"
import { endOf } from "./endOf.ts"
import type { FleetEvent } from "./FleetEvent.ts"
import { readActivity } from "./readActivity.ts"
import { rootSession } from "./rootSession.ts"
import { RunningSessions } from "./RunningSessions.ts"

interface WatchOptions {
  readonly publish: (event: FleetEvent) => Effect.Effect<void>
  /** A request that is decided within this time is not told. */
  readonly waitingAfter: Duration.Duration
}

/** A function that watches an instance until it is interrupted. Fails if the instance cannot be reached at the start. */
export const makeWatchInstance = Effect.fnUntraced(function* ({ publish, waitingAfter }: WatchOptions) {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const events = yield* InstanceEvents
  const turns = yield* Turns
  const running = yield* RunningSessions

  return Effect.fnUntraced(function* (
    target: Target,
    instance: Instance,
  ): Effect.fn.Return<never, ClientError, Scope.Scope> {
    const opencode = client.at(target)
    const name = instance.name
    const readEnd = endOf(turns, target, opencode)
    /** The requests that were opened and are not settled, as far as events tell. */
    const open = new Set<string>()
    /** The sessions whose end is being read. */
    const ending = new Set<SessionId>()

    const tellWaiting = Effect.fnUntraced(function* (pending: PendingRequest) {
      const { kind, request } = pending
      yield* publish({
        kind: "waiting",
        key: request.id,
        instance: name,
        url: instance.url,
        at: yield* Clock.currentTimeMillis,
        session: yield* rootSession(opencode, request.sessionID),
        request: { id: request.id, kind, about: describe(pending) },
      })
    })

    const tellEnd = Effect.fnUntraced(function* (session: SessionId) {
      if (ending.has(session)) return
      ending.add(session)
      const end = yield* Effect.ensuring(
        readEnd(session),
        Effect.sync(() => ending.delete(session)),
      )
      if (end._tag === "Unsettled") return
      running.remove(session)
      if (end._tag !== "Told") return
      yield* publish({ ...end.event, instance: name, url: instance.url, at: yield* Clock.currentTimeMillis })
    })

    const reconcile = Effect.gen(function* () {
      const { instances } = yield* fleet.snapshot
      const before = running.at(name)
      const now = yield* readActivity(opencode, instance, instances)
      for (const session of now.running) running.add(session, name)
      yield* Effect.forEach(now.pending, tellWaiting, { discard: true })
      const active = new Set(now.running)
      yield* Effect.forEach(
        before.filter((session) => !active.has(session)),
        tellEnd,
        { concurrency: 4, discard: true },
      )
    }).pipe(Effect.catch((error) => Effect.logDebug(`the activity of ${name} cannot be read`, error)))

    /** Requests to read the activity. Those that arrive during one read share the next. */
    const doubts = yield* Queue.sliding<void>(1)
    const doubt = Effect.sync(() => void Queue.offerUnsafe(doubts, undefined))
    yield* Stream.fromQueue(doubts).pipe(
      Stream.runForEach(() => reconcile),
      Effect.forkScoped,
    )

    const receive = Effect.fnUntraced(function* (event: TurnEvent) {
      switch (event._tag) {
        case "RequestOpened": {
          const { pending } = event
          open.add(pending.request.id)
          yield* Effect.suspend(() => (open.delete(pending.request.id) ? tellWaiting(pending) : Effect.void)).pipe(
            Effect.delay(waitingAfter),
            Effect.forkScoped,
          )
          return
        }
        case "RequestSettled":
          open.delete(event.requestID)
          return
        case "StatusChanged":
          if (event.status.type !== "idle") running.add(event.sessionID, name)
          else if (running.at(name).includes(event.sessionID)) yield* Effect.forkScoped(tellEnd(event.sessionID))
          return
        case "SessionDeleted":
          running.remove(event.sessionID)
          return
        case "StateDropped":
        case "SessionStale":
          yield* doubt
          return
        default:
          return
      }
    })

    const notices = yield* events.subscribe(target)
    return yield* Effect.forever(
      Effect.flatMap(notices.take, (notice) => {
        switch (notice._tag) {
          case "Event":
            return receive(notice.event)
          case "Lost":
            return Effect.asVoid(Effect.forkScoped(fleet.recheck(instance.url)))
          case "Settled":
          case "Missed":
            return doubt
          case "Reconnected":
            return Effect.void
        }
      }),
    )
  }, Effect.scoped)
})
