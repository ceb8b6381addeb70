/**
 * One event stream per instance, shared by all subscribers: opened for the first one, closed a minute after the last one.
 *
 * `Stream.share` is not enough: a slow subscriber would delay the others, and a late subscriber would not learn that the
 * stream is connected, which it must know before it sends a prompt.
 */
import { Context, Effect, Layer, PubSub, RcMap, Schedule, Schema, type Scope, Stream, SubscriptionRef } from "effect"
import { type ClientError, InstanceUnreachable, RequestTimeout } from "../errors.ts"
import { OpencodeClient } from "../Opencode.ts"
import type { TurnEvent } from "./TurnEvent.ts"
import type { Target } from "../Target.ts"

/** What a subscriber receives, in order. */
export type Notice =
  | { readonly _tag: "Event"; readonly event: TurnEvent }
  /** The stream broke or could not be restored. Events are being missed. */
  | { readonly _tag: "Lost"; readonly error: ClientError }
  /** The stream is connected again. opencode replays nothing, so read the stored state. */
  | { readonly _tag: "Reconnected" }
  /** No event is missed after this notice. Read the stored state once more. */
  | { readonly _tag: "Settled" }
  /** This subscriber fell too far behind, so events were dropped. Read the stored state. */
  | { readonly _tag: "Missed" }

/** The notices for one subscriber. */
export interface Notices {
  /** Waits for the next notice. */
  readonly take: Effect.Effect<Notice>
  /** Drops the notices that have arrived so far. True if the stream is connected. */
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

interface SharedStream {
  readonly hub: PubSub.PubSub<Numbered>
  readonly connection: SubscriptionRef.SubscriptionRef<Connection>
  /** The number of the last notice. */
  readonly last: () => number
  /** Counts a subscriber until the scope closes. */
  readonly use: Effect.Effect<void, never, Scope.Scope>
}

/** Notices that are buffered for a slow subscriber: enough for some minutes of fast streaming. */
const bufferSize = 4096

/** Timeout of `subscribe` in seconds, the same as for any other request. */
const connectTimeout = 10

/** Opening a stream is half of what a short turn costs besides opencode's own work, so it is kept for the next one. */
const keptFor = "60 seconds"

class StreamLost extends Schema.TaggedError<StreamLost>()("StreamLost", {}) {}

/** At least half a second, because each event resets the schedule, and a server may accept and drop connections in a loop. */
const reconnectBackoff = Schedule.min([Schedule.exponential("500 millis"), Schedule.spaced("3 seconds")]).pipe(
  Schedule.jittered,
)

export class InstanceEvents extends Context.Service<
  InstanceEvents,
  {
    /**
     * Subscribes to the notices of an instance. Returns when the stream is connected; events can still be missed until the
     * first `Settled`. Fails if the instance cannot be reached. A slow subscriber does not delay the others.
     */
    readonly subscribe: (target: Target) => Effect.Effect<Notices, ClientError, Scope.Scope>
  }
>()("opencode-fleet/opencode/InstanceEvents") {
  static readonly layer = Layer.effect(
    InstanceEvents,
    Effect.gen(function* () {
      const client = yield* OpencodeClient
      const layerScope = yield* Effect.scope

      const connect = Effect.fnUntraced(function* (target: Target): Effect.fn.Return<SharedStream, never, Scope.Scope> {
        const opencode = client.at(target)
        const scope = yield* Effect.scope
        const hub = yield* Effect.acquireRelease(PubSub.sliding<Numbered>(bufferSize), PubSub.shutdown)
        const connection = yield* SubscriptionRef.make<Connection>({ _tag: "Connecting" })
        let published = 0
        let subscribers = 0
        // The next subscriber opens a new stream at once instead of waiting for this one's next attempt.
        const dropIfUnused = Effect.gen(function* () {
          const { _tag } = yield* SubscriptionRef.get(connection)
          if (subscribers > 0 || _tag !== "Lost") return
          // In another fiber, because the one that receives events ends with the connection.
          yield* Effect.forkIn(RcMap.invalidate(connections, target), layerScope)
        })
        const use = Effect.acquireRelease(
          Effect.sync(() => void subscribers++),
          () =>
            Effect.andThen(
              Effect.sync(() => void subscribers--),
              dropIfUnused,
            ),
        )
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
          yield* dropIfUnused
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
              yield* Effect.forkIn(Effect.delay(settled, opencode.capabilities.eventsSettleAfter), scope)
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
                duration: opencode.capabilities.eventsSilence,
                orElse: () => Stream.fail(new StreamLost()),
              }),
              // An event stream has no end, so a regular end is a failure, too.
              Stream.concat(Stream.fail(new StreamLost())),
              Stream.tapError(() => lost(unreachable)),
            ),
          ),
          Stream.unwrap,
          Stream.retry(reconnectBackoff),
          Stream.runForEach(receive),
          Effect.forkScoped,
        )
        return { hub, connection, last: () => published, use }
      })

      const connections: RcMap.RcMap<Target, SharedStream> = yield* RcMap.make({
        lookup: connect,
        idleTimeToLive: keptFor,
      })

      const subscribe = Effect.fn("InstanceEvents.subscribe")(function* (target: Target) {
        const { connection, hub, last, use } = yield* RcMap.get(connections, target)
        yield* use
        let expected = last() + 1
        let postponed: Notice | undefined
        const subscription = yield* PubSub.subscribe(hub)
        const take = Effect.suspend(() => {
          const notice = postponed
          postponed = undefined
          if (notice !== undefined) return Effect.succeed(notice)
          return Effect.map(PubSub.take(subscription), ({ notice, number }): Notice => {
            const complete = number === expected
            expected = number + 1
            if (complete) return notice
            postponed = notice
            return { _tag: "Missed" }
          })
        })
        const skip = Effect.gen(function* () {
          yield* PubSub.takeUpTo(subscription, Number.MAX_SAFE_INTEGER)
          postponed = undefined
          expected = last() + 1
          return (yield* SubscriptionRef.get(connection))._tag === "Connected"
        })
        // An earlier failed attempt does not count. The next attempt follows within seconds.
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
