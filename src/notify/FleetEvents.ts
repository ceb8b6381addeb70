/** The events of the fleet that a person is told about, each once. */
import { Context, Duration, Effect, Layer, Queue, Schedule, Stream } from "effect"
import { Fleet } from "../fleet/Fleet.ts"
import { followOnline } from "../fleet/followOnline.ts"
import type { Instance } from "../fleet/Instance.ts"
import { InstanceEvents } from "../opencode/events/InstanceEvents.ts"
import { OpencodeClient } from "../opencode/Opencode.ts"
import { Turns } from "../opencode/turns/Turns.ts"
import type { FleetEvent } from "./FleetEvent.ts"
import { followGone } from "./goneInstances.ts"
import { makeRecentKeys } from "./recentKeys.ts"
import { stillHolds } from "./stillHolds.ts"
import { RunningSessions } from "./RunningSessions.ts"
import { makeWatchInstance } from "./watchInstance.ts"

export interface FleetEventsOptions {
  /** Instances of which events are reported. Default: all. */
  readonly includes?: (instance: Instance) => boolean
  /** A request that is decided within this time was not waiting for a person. Default: 1 s. */
  readonly waitingAfter?: Duration.Input
  /** How long an instance must be away until it counts as gone: a restart takes seconds. Default: 15 s. */
  readonly goneAfter?: Duration.Input
}

/** Number of keys that are remembered: more than happen while one event can be learnt in several ways. */
const maxKeys = 10_000

/** The pause before an instance that is online is watched again after an error. */
const rewatch = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("30 seconds")])

const make = Effect.fnUntraced(function* ({
  goneAfter = "15 seconds",
  includes = () => true,
  waitingAfter = "1 second",
}: FleetEventsOptions) {
  const fleet = yield* Fleet
  const queue = yield* Queue.unbounded<FleetEvent>()
  const keys = makeRecentKeys(maxKeys)
  const publish = (event: FleetEvent) =>
    Effect.sync(() => {
      if (keys.add(event.key)) Queue.offerUnsafe(queue, event)
    })

  const watchInstance = yield* makeWatchInstance({ publish, waitingAfter: Duration.fromInputUnsafe(waitingAfter) })
  const watch = ({ name }: Instance) =>
    fleet.use(name, watchInstance).pipe(
      Effect.tapError((error) => Effect.logDebug(`${name} cannot be watched`, error)),
      Effect.retry(rewatch),
    )
  // A name changes when another instance makes it ambiguous, so each snapshot is asked.
  const included = Stream.map(fleet.changes, ({ instances }) => ({
    instances: instances.filter((one) => includes(one)),
  }))
  yield* Effect.forkScoped(followOnline(included, watch))
  yield* Effect.forkScoped(followGone({ publish, includes, goneAfter }))
  const client = yield* OpencodeClient
  return FleetEvents.of({ events: Stream.fromQueue(queue), holds: stillHolds(fleet, client) })
})

export class FleetEvents extends Context.Service<
  FleetEvents,
  {
    /**
     * What waits when the fleet is first seen, and then every event. An event that several instances report, or one
     * instance in several ways, is there once. For one reader.
     */
    readonly events: Stream.Stream<FleetEvent>
    /** Whether the event is still true: an agent may not be waiting any more. True if that cannot be read. */
    readonly holds: (event: FleetEvent) => Effect.Effect<boolean>
  }
>()("opencode-fleet/notify/FleetEvents") {
  static readonly layer = (
    options: FleetEventsOptions = {},
  ): Layer.Layer<FleetEvents, never, Fleet | InstanceEvents | OpencodeClient | RunningSessions | Turns> =>
    Layer.effect(FleetEvents, make(options))
}
