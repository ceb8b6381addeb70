/** Counts fibers, so that a test can detect leaked ones. */
import { Effect, Metric } from "effect"

/** Runs the test; `living` is the number of its fibers that have not ended yet. */
export const countingFibers = <A, E, R>(test: (living: Effect.Effect<number>) => Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    let living = 0
    return Effect.provideService(
      test(Effect.sync(() => living)),
      Metric.FiberRuntimeMetrics,
      Metric.FiberRuntimeMetrics.of({ recordFiberStart: () => void living++, recordFiberEnd: () => void living-- }),
    )
  })
