/**
 * One event stream per instance, shared by all subscribers: opened for the first, closed after the last.
 *
 * `Stream.share` does not suffice: a slow subscriber would hold up the others, and a late one would not learn that the
 * connection is established, which it needs to know before it sends a prompt.
 */
import { Context, Effect, Layer, PubSub, RcMap, Schedule, Schema, type Scope, Stream, SubscriptionRef } from "effect"
import { type ClientError, InstanceUnreachable, RequestTimeout } from "../errors.ts"
import { OpencodeClient } from "../Opencode.ts"
import type { TurnEvent } from "./TurnEvent.ts"
import type { Target } from "../Target.ts"

/** What a subscriber receives, in order. */
export type Notice =
  | { readonly _tag: "Event"; readonly event: TurnEvent }
  /** The connection broke or could not be restored; events are being missed. */
  | { readonly _tag: "Lost"; readonly error: ClientError }
  /** The connection is restored. opencode replays nothing, so read what is stored. */
  | { readonly _tag: "Reconnected" }
  /** From now on no event is missed. Read what is stored once more. */
  | { readonly _tag: "Settled" }
  /** This subscriber fell too far behind, and events were dropped for it. Read what is stored. */
  | { readonly _tag: "Missed" }

/** The notices for one subscriber. */
export interface Notices {
  /** Waits for the next notice. */
  readonly take: Effect.Effect<Notice>
  /** Drops the notices that have arrived so far. True if the connection is established. */
  readonly skip: Effect.Effect<boolean>
}

type Connection =
  | { readonly _tag: "Connecting" }
  | { readonly _tag: "Connected" }
  | { readonly _tag: "Lost"; readonly error: ClientError }

interface Numbered {
  readonly number: number
  readonly notice: Notice
}

/** Notices that are kept for a slow subscriber: some minutes of fast streaming. */
const bufferSize = 4096

/** How long `subscribe` waits for the connection, in seconds: as long as any other request takes at most. */
const connectTimeout = 10

class StreamLost extends Schema.TaggedError<StreamLost>()("StreamLost", {}) {}

/** At least half a second, because the schedule restarts after each event and a server may accept and drop connections. */
const reconnectBackoff = Schedule.min([Schedule.exponential("500 millis"), Schedule.spaced("3 seconds")]).pipe(
  Schedule.jittered,
)

export class InstanceEvents extends Context.Service<
  InstanceEvents,
  {
    /**
     * Notices from now on. Returns when the connection is established; events can still be missed until the first
     * `Settled`. Fails if the instance cannot be reached. A slow subscriber does not hold up the others.
     */
    readonly subscribe: (target: Target) => Effect.Effect<Notices, ClientError, Scope.Scope>
  }
>()("opencode-fleet/opencode/InstanceEvents") {
  static readonly layer = Layer.effect(
    InstanceEvents,
    Effect.gen(function* () {
      const client = yield* OpencodeClient

      const connect = Effect.fnUntraced(function* (target: Target) {
        const opencode = client.at(target)
        const { capabilities } = opencode
        const scope = yield* Effect.scope
        const hub = yield* Effect.acquireRelease(PubSub.sliding<Numbered>(bufferSize), PubSub.shutdown)
        const connection = yield* SubscriptionRef.make<Connection>({ _tag: "Connecting" })
        let published = 0
        const publish = (notice: Notice) => Effect.suspend(() => PubSub.publish(hub, { number: ++published, notice }))
        const unreachable = new InstanceUnreachable({
          instance: target.instance,
          url: target.url,
          mayHaveArrived: false,
          detail: "its event stream broke off",
        })

        const lost = Effect.fnUntraced(function* (error: ClientError) {
          const before = yield* SubscriptionRef.getAndSet(connection, { _tag: "Lost", error })
          // Reconnecting does not help if the credentials are refused.
          if (before._tag === "Connected" || error._tag === "Unauthorized") yield* publish({ _tag: "Lost", error })
          yield* Effect.logDebug("events lost", error)
        })
        const settled = Effect.gen(function* () {
          if ((yield* SubscriptionRef.get(connection))._tag === "Connected") yield* publish({ _tag: "Settled" })
        })
        let connects = 0
        const receive = Effect.fnUntraced(function* (event: TurnEvent) {
          switch (event._tag) {
            case "Connected":
              yield* SubscriptionRef.set(connection, { _tag: "Connected" })
              if (++connects > 1) yield* publish({ _tag: "Reconnected" })
              yield* Effect.forkIn(Effect.delay(settled, capabilities.eventsSettleAfter), scope)
              return
            case "Heartbeat":
              return
            default:
              yield* publish({ _tag: "Event", event })
          }
        })

        yield* opencode.events.pipe(
          Effect.tapError(lost),
          Effect.map((stream) =>
            stream.pipe(
              Stream.timeoutOrElse({
                duration: capabilities.eventsSilence,
                orElse: () => Stream.fail(new StreamLost()),
              }),
              // The stream is meant to have no end, so a regular end is a failure, too.
              Stream.concat(Stream.fail(new StreamLost())),
              Stream.tapError(() => lost(unreachable)),
            ),
          ),
          Stream.unwrap,
          Stream.retry(reconnectBackoff),
          Stream.runForEach(receive),
          Effect.forkScoped,
        )
        return { hub, connection, last: () => published }
      })

      const connections = yield* RcMap.make({ lookup: connect, idleTimeToLive: "500 millis" })

      const subscribe = Effect.fn("InstanceEvents.subscribe")(function* (target: Target) {
        const { connection, hub, last } = yield* RcMap.get(connections, target)
        let expected = last() + 1
        let held: Notice | undefined
        const subscription = yield* PubSub.subscribe(hub)
        const take = Effect.suspend(() => {
          const notice = held
          held = undefined
          if (notice !== undefined) return Effect.succeed(notice)
          return Effect.map(PubSub.take(subscription), ({ notice, number }): Notice => {
            const complete = number === expected
            expected = number + 1
            if (complete) return notice
            held = notice
            return { _tag: "Missed" }
          })
        })
        const skip = Effect.gen(function* () {
          yield* PubSub.takeUpTo(subscription, Number.MAX_SAFE_INTEGER)
          held = undefined
          expected = last() + 1
          return (yield* SubscriptionRef.get(connection))._tag === "Connected"
        })
        // An older failed attempt says nothing about now. The next attempt follows within seconds.
        const before = yield* SubscriptionRef.get(connection)
        yield* SubscriptionRef.changes(connection).pipe(
          Stream.filter((state) => state !== before || state._tag !== "Lost"),
          Stream.mapEffect((state) => (state._tag === "Lost" ? Effect.fail(state.error) : Effect.succeed(state._tag))),
          Stream.takeUntil((state) => state === "Connected"),
          Stream.runDrain,
          Effect.timeoutOrElse({
            duration: `${connectTimeout} seconds`,
            orElse: () =>
              new RequestTimeout({
                instance: target.instance,
                url: target.url,
                operation: "events",
                seconds: connectTimeout,
              }),
          }),
        )
        return { take, skip }
      })
      return InstanceEvents.of({ subscribe })
    }),
  )
}
