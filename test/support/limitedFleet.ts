/** The executable within narrow limits, over registrations of which a third is healthy, a third hangs, and a third is refused. */
import { Effect } from "effect"
import { startFleet } from "../../bench/support/fleet.ts"
import { RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { relayIn } from "./Executable.ts"
import { connect } from "./McpClients.ts"

export interface LimitedFleet {
  readonly healthy: number
  readonly hung: number
  readonly refused: number
  /** Heap in MiB, and open files. */
  readonly limits: { readonly heap: number; readonly descriptors: number }
  /** Milliseconds. */
  readonly probeTimeout: number
}

/** The number of instances in each state after a refresh, and the problems. */
export const refreshWithin = Effect.fn("refreshWithin")(function* ({ limits, probeTimeout, ...size }: LimitedFleet) {
  const { directory } = yield* startFleet(size)
  const client = yield* connect(yield* relayIn(directory, directory), {
    limits,
    variables: { TRANSPORT: "local-relay", HEALTH_CHECK_TIMEOUT_MS: String(probeTimeout) },
  })
  const { health_counts, problems } = yield* client.call(RefreshInstances)
  return { counts: health_counts, problems: problems.map(({ reason }) => reason) }
}, Effect.scoped)
