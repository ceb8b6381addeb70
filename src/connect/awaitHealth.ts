/** Waits for an opencode that is starting. */
import { Effect, Schedule } from "effect"
import type { Opencode } from "../opencode/OpencodeClient.ts"

/** Milliseconds. One that is starting takes a connection and may never answer it, so the first questions are short. */
const patience = (asked: number) => (asked < 20 ? 500 : 3000)

const pause = "100 millis"

/** Asks until it answers; a password that it refuses will not become right, so that fails. */
export const awaitHealth = (opencode: Opencode) => {
  let asked = 0
  return Effect.suspend(() => opencode.health(patience(asked++))).pipe(
    Effect.retry({ schedule: Schedule.spaced(pause), while: ({ _tag }) => _tag !== "Unauthorized" }),
  )
}
