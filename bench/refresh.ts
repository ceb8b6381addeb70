/**
 * Refreshing a whole fleet, compared with the same requests with bare `fetch`: the health, the directory, the sessions and
 * the statuses of each online instance.
 */
import { Effect } from "effect"
import { JsonRpcProcess } from "./support/JsonRpcProcess.ts"
import { startFleet } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import { median, type Figure } from "./support/report.ts"

const timeoutMs = 1000

const benchFleet = Effect.fn("benchFleet")(function* (programs: Programs, healthy: number, hung: number) {
  const fleet = yield* startFleet({ healthy, hung })
  const ours = yield* JsonRpcProcess.start(
    programs.ours(fleet.directory, { HEALTH_CHECK_TIMEOUT_MS: String(timeoutMs) }),
  )
  const bare = yield* JsonRpcProcess.start(yield* programs.probe(fleet.urls, timeoutMs))
  yield* ours.initialize
  yield* ours.listTools
  const refreshed = Array<number>()
  const probed = Array<number>()
  // The first round warms up both sides: connections and compiled code.
  for (let run = -1; run < (hung === 0 ? 21 : 3); run++) {
    const refresh = yield* ours.callTool("refresh_instances")
    const probe = yield* bare.request("probe")
    if (run < 0) continue
    refreshed.push(refresh.ms)
    probed.push(probe.ms)
  }
  const bareMs = median(probed)
  const figure: Figure = {
    what: `refresh_instances, ${healthy + hung}${hung === 0 ? "" : `, ${hung} hung`}`,
    value: median(refreshed),
    unit: "ms",
    ...(hung === 0
      ? { floor: { name: "bare fetch", value: bareMs }, target: 2, note: "four requests of each instance, as ours" }
      : { floor: { name: "time-out", value: timeoutMs }, target: 1.08, note: `bare fetch ${bareMs.toFixed(0)} ms` }),
  }
  return figure
}, Effect.scoped)

const fleets = [
  { healthy: 1, hung: 0 },
  { healthy: 10, hung: 0 },
  { healthy: 100, hung: 0 },
  { healthy: 1000, hung: 0 },
  { healthy: 9, hung: 1 },
  { healthy: 90, hung: 10 },
  { healthy: 900, hung: 100 },
]

/** One fleet after the other, because they would slow each other down. */
export const benchRefresh = (programs: Programs) =>
  Effect.forEach(fleets, ({ healthy, hung }) => benchFleet(programs, healthy, hung))
