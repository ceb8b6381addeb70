/** Notices that the machine has slept: timers stood still meanwhile, the clock on the wall did not. */
import { Clock, Effect } from "effect"

const interval = 5000

/** So late is no timer of a machine that is awake, however busy. */
const slept = 15_000

/** Done when the machine has slept. A connection from before is most likely dead then, and a pause has lost its sense. */
export const wakeUp: Effect.Effect<void> = Effect.gen(function* () {
  while (true) {
    const before = yield* Clock.currentTimeMillis
    yield* Effect.sleep(interval)
    if ((yield* Clock.currentTimeMillis) - before > interval + slept) return
  }
})
