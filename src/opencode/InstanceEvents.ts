/**
 * One event stream per instance, shared by all who wait on it: opened before the first, closed after the last.
 *
 * `Stream.share` would do less: with it a slow reader holds the others, and a late one never learns that the
 * connection stands, so that it could not tell when it is safe to prompt.
 */
import { Context, Effect, Layer, PubSub, RcMap, Schedule, Schema, type Scope, Stream, SubscriptionRef } from "effect"
import { type ClientError, InstanceUnreachable } from "./errors.ts"
import { OpencodeClient } from "./OpencodeClient.ts"
import type { GlobalEvent, OpencodeEvent } from "./OpencodeEvent.ts"
import type { Target } from "./Target.ts"

/** What a reader is told, in order. */
export type Notice =
  | { readonly _tag: "Event"; readonly event: OpencodeEvent }
  /** The connection broke; events are being missed. */
  | { readonly _tag: "Lost" }
  /** It stands again. opencode replays nothing, so whoever follows a turn has to read what is stored. */
  | { readonly _tag: "Reconnected" }

type Connection =
  | { readonly _tag: "Connecting" }
  | { readonly _tag: "Connected" }
  | { readonly _tag: "Lost"; readonly error: ClientError }

/** opencode sends a heartbeat every 10 s. */
const silence = "30 seconds"

class StreamLost extends Schema.TaggedError<StreamLost>()("StreamLost", {}) {}

/** Never shorter than half a second, for the schedule starts over after each event: a server that accepts and drops would be asked without pause. */
const reconnecting = Schedule.min([Schedule.exponential("500 millis"), Schedule.spaced("3 seconds")]).pipe(
  Schedule.jittered,
)

export class InstanceEvents extends Context.Service<
  InstanceEvents,
  {
    /**
     * Notices from now on. Returns when the connection stands, so that nothing of what is asked of the instance
     * afterwards is missed; fails if the instance cannot be reached. A reader that falls behind costs memory, never an
     * event.
     */
    readonly subscribe: (target: Target) => Effect.Effect<PubSub.Subscription<Notice>, ClientError, Scope.Scope>
  }
>()("opencode-fleet/opencode/InstanceEvents") {
  static readonly layer = Layer.effect(
    InstanceEvents,
    Effect.gen(function* () {
      const client = yield* OpencodeClient

      const connect = Effect.fnUntraced(function* (target: Target) {
        const hub = yield* Effect.acquireRelease(PubSub.unbounded<Notice>(), PubSub.shutdown)
        const connection = yield* SubscriptionRef.make<Connection>({ _tag: "Connecting" })
        const unreachable = new InstanceUnreachable({
          instance: target.instance,
          url: target.url,
          mayHaveArrived: false,
          detail: "its event stream broke off",
        })

        const lost = Effect.fnUntraced(function* (error: ClientError) {
          const before = yield* SubscriptionRef.getAndSet(connection, { _tag: "Lost", error })
          if (before._tag === "Connected") yield* PubSub.publish(hub, { _tag: "Lost" })
          yield* Effect.logDebug("events lost", error)
        })
        let connects = 0
        const receive = Effect.fnUntraced(function* ({ payload: event }: GlobalEvent) {
          switch (event.type) {
            case "server.connected":
              if (++connects > 1) yield* PubSub.publish(hub, { _tag: "Reconnected" })
              return yield* SubscriptionRef.set(connection, { _tag: "Connected" })
            case "server.heartbeat":
            case "unrecognised":
              return
            default:
              yield* PubSub.publish(hub, { _tag: "Event", event })
          }
        })

        yield* client.at(target).events.pipe(
          Effect.tapError(lost),
          Effect.map((stream) =>
            stream.pipe(
              Stream.timeoutOrElse({ duration: silence, orElse: () => Stream.fail(new StreamLost()) }),
              // An orderly end is a loss, too.
              Stream.concat(Stream.fail(new StreamLost())),
              Stream.tapError(() => lost(unreachable)),
            ),
          ),
          Stream.unwrap,
          Stream.retry(reconnecting),
          Stream.runForEach(receive),
          Effect.forkScoped,
        )
        return { hub, connection }
      })

      const connections = yield* RcMap.make({ lookup: connect, idleTimeToLive: "5 seconds" })

      const subscribe = Effect.fn("InstanceEvents.subscribe")(function* (target: Target) {
        const { connection, hub } = yield* RcMap.get(connections, target)
        const subscription = yield* PubSub.subscribe(hub)
        // What an attempt came to before this reader asked says nothing about now: the next one does, within seconds.
        const stale = (yield* SubscriptionRef.get(connection))._tag === "Lost"
        yield* SubscriptionRef.changes(connection).pipe(
          Stream.drop(stale ? 1 : 0),
          Stream.mapEffect((state) => (state._tag === "Lost" ? Effect.fail(state.error) : Effect.succeed(state._tag))),
          Stream.takeUntil((state) => state === "Connected"),
          Stream.runDrain,
        )
        return subscription
      })
      return InstanceEvents.of({ subscribe })
    }),
  )
}
