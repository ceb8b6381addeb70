/**
 * One event stream per instance, shared by all who wait on it: opened before the first, closed after the last.
 *
 * `Stream.share` would do less: with it a slow reader holds the others, and a late one never learns that the
 * connection stands, so that it could not tell when it is safe to prompt.
 */
import { Context, Effect, Layer, PubSub, RcMap, Schedule, Schema, type Scope, Stream, SubscriptionRef } from "effect"
import { type ClientError, InstanceUnreachable, RequestTimeout } from "../errors.ts"
import { OpencodeClient } from "../Opencode.ts"
import type { TurnEvent } from "./TurnEvent.ts"
import type { Target } from "../Target.ts"

/** What a reader is told, in order. */
export type Notice =
  | { readonly _tag: "Event"; readonly event: TurnEvent }
  /** The connection broke, or could not be made again; events are being missed. */
  | { readonly _tag: "Lost"; readonly error: ClientError }
  /** It stands again. opencode replays nothing, so whoever follows a turn has to read what is stored. */
  | { readonly _tag: "Reconnected" }
  /** From now on nothing is missed that is still to come: what is stored has to be read once more. */
  | { readonly _tag: "Settled" }
  /** This reader fell too far behind, and events were dropped for it: the same holds. */
  | { readonly _tag: "Missed" }

/** The notices for one reader. */
export interface Notices {
  /** The next one, in order. */
  readonly take: Effect.Effect<Notice>
  /** Forgets those that have come so far, and says whether the connection stands. */
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

/** So many notices are kept for a reader that falls behind: some minutes of fast streaming. */
const mostBehind = 4096

/** A connection that is taken and on which nothing is said, in seconds: as long as for any other request. */
const patience = 10

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
     * afterwards is missed, but for what happens until the first `Settled`; fails if the instance cannot be reached. A reader that falls behind holds up nobody.
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
        const hub = yield* Effect.acquireRelease(PubSub.sliding<Numbered>(mostBehind), PubSub.shutdown)
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
          // Credentials that are refused will not come right by themselves.
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
        // What an attempt came to before this reader asked says nothing about now: the next one does, within seconds.
        const before = yield* SubscriptionRef.get(connection)
        yield* SubscriptionRef.changes(connection).pipe(
          Stream.filter((state) => state !== before || state._tag !== "Lost"),
          Stream.mapEffect((state) => (state._tag === "Lost" ? Effect.fail(state.error) : Effect.succeed(state._tag))),
          Stream.takeUntil((state) => state === "Connected"),
          Stream.runDrain,
          Effect.timeoutOrElse({
            duration: `${patience} seconds`,
            orElse: () =>
              new RequestTimeout({
                instance: target.instance,
                url: target.url,
                operation: "events",
                seconds: patience,
              }),
          }),
        )
        return { take, skip }
      })
      return InstanceEvents.of({ subscribe })
    }),
  )
}
