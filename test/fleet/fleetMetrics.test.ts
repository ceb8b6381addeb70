import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import { TestClock } from "effect/testing"
import { announcement } from "../discovery/announcements.ts"
import { scanTime, start } from "../discovery/fakes.ts"

describe("The metrics of a fleet", () => {
  it.effect("are the instances in each state, and the duration of each refresh", () =>
    Effect.gen(function* () {
      yield* start([announcement("api", 1), announcement("web", 2)])
      yield* TestClock.adjust(scanTime)
      const metrics = yield* Metric.snapshot
      assert.deepStrictEqual(
        metrics.flatMap(({ attributes, id, state }) =>
          id === "opencode_fleet.instances" && "value" in state ? [[attributes?.["state"], state.value]] : [],
        ),
        [
          ["online", 2],
          ["unauthorized", 0],
          ["timeout", 0],
          ["unreachable", 0],
          ["unhealthy", 0],
        ],
      )
      const durations = metrics.flatMap(({ id, state }) =>
        id === "opencode_fleet.refresh.duration" && "count" in state ? [state.count] : [],
      )
      assert.deepStrictEqual(durations, [1])
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())),
  )
})
