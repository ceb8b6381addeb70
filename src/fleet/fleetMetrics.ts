/** Metrics of a fleet: how many instances are in each state, and how long a refresh takes. */
import { Effect, Metric } from "effect"
import type { HealthState, Instance } from "./Instance.ts"

const instances = Metric.gauge("opencode_fleet.instances", { description: "Instances by state of health" })

/** Milliseconds. */
const refreshDuration = Metric.timer("opencode_fleet.refresh.duration", {
  description: "Duration of a refresh: discovery and all probes",
  boundaries: [10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000],
})

const states = {
  online: true,
  unauthorized: true,
  timeout: true,
  unreachable: true,
  unhealthy: true,
} satisfies Record<HealthState, true>

/** Sets the number of instances in each state, also where it is 0. */
export const recordInstances = (all: ReadonlyArray<Instance>) =>
  Effect.forEach(
    Object.keys(states),
    (state) =>
      Metric.update(
        Metric.withAttributes(instances, { state }),
        all.filter(({ health }) => health.state === state).length,
      ),
    { discard: true },
  )

/** Measures a refresh. */
export const measuredRefresh = <A, E, R>(refresh: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.trackDuration(refresh, refreshDuration)
