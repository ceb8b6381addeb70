/** Waits for an opencode that is starting. */
import { Effect, Schedule } from "effect"
import type { Opencode } from "../opencode/Opencode.ts"

/**
 * Milliseconds. One that is starting takes a connection for some 100 ms before it listens to it, and never answers: so
 * a question is given up soon at first, and later in case that the machine is only slow.
 */
const patience = (unanswered: number) => Math.min(150 * 2 ** unanswered, 3000)

const pause = "50 millis"

/** Asks until it answers; a password that it refuses will not become right, so that fails. */
export const awaitHealth = (opencode: Opencode) => {
  let unanswered = 0
  return Effect.suspend(() => opencode.health(patience(unanswered))).pipe(
    // One to which nothing listens yet costs no patience.
    Effect.tapErrorTag("RequestTimeout", () => Effect.sync(() => unanswered++)),
    Effect.retry({ schedule: Schedule.spaced(pause), while: ({ _tag }) => _tag !== "Unauthorized" }),
  )
}
