/** Detects that the machine was suspended. Suspension stops timers, but not the wall clock. */
import { Clock, Effect } from "effect"

/** Milliseconds between two readings of the clock. */
const interval = 5000

/** Milliseconds. Even on a busy machine no timer is this late. */
const minSuspension = 15_000

/** Completes when the machine has been suspended. Connections from before are then most likely dead. */
export const wakeUp: Effect.Effect<void> = Effect.gen(function* () {
  while (true) {
    const before = yield* Clock.currentTimeMillis
    yield* Effect.sleep(interval)
    if ((yield* Clock.currentTimeMillis) - before > interval + minSuspension) return
  }
})
