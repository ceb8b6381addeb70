/** Waits until an opencode that is starting is healthy. */
import { Effect, Schedule } from "effect"
import type { Opencode } from "../opencode/Opencode.ts"

/**
 * Timeout of one health request in milliseconds; `timeouts` counts the earlier requests that timed out. For its first
 * 100 ms or so, a starting opencode accepts connections that it never answers. The first timeouts are therefore short;
 * later ones are longer in case the machine is slow.
 */
const requestTimeout = (timeouts: number) => Math.min(150 * 2 ** timeouts, 3000)

const retryEvery = "50 millis"

/** Probes until opencode answers. Fails only with `Unauthorized`, because retrying does not fix a wrong password. */
export const awaitHealth = (opencode: Opencode) => {
  let timeouts = 0
  return Effect.suspend(() => opencode.health(requestTimeout(timeouts))).pipe(
    // A refused connection does not lengthen the timeout.
    Effect.tapErrorTag("RequestTimeout", () => Effect.sync(() => timeouts++)),
    Effect.retry({ schedule: Schedule.spaced(retryEvery), while: ({ _tag }) => _tag !== "Unauthorized" }),
  )
}
