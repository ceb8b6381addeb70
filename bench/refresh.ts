/**
 * Refreshing a whole fleet, compared with the same requests with bare `fetch`: the health, the directory, the sessions and
 * the statuses of each online instance. BENCH_AGAINST adds the same refreshes of another build.
 */
import { Effect, Option } from "effect"
import { type Command, JsonRpcProcess } from "./support/JsonRpcProcess.ts"
import { startFleet } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import { median, type Figure } from "./support/report.ts"

const timeoutMs = 1000

/** A server that is ready for calls. */
const startServer = Effect.fn("startServer")(function* (command: Command) {
  const server = yield* JsonRpcProcess.start(command)
  yield* server.initialize
  yield* server.listTools
  return server
})

const benchFleet = Effect.fn("benchFleet")(function* (programs: Programs, healthy: number, hung: number) {
  const fleet = yield* startFleet({ healthy, hung })
  const env = { HEALTH_CHECK_TIMEOUT_MS: String(timeoutMs) }
  const ours = yield* startServer(programs.ours(fleet.directory, env))
  const against = yield* Effect.forEach(Option.toArray(programs.against), (command) =>
    startServer(command(fleet.directory, env)),
  )
  const bare = yield* JsonRpcProcess.start(yield* programs.probe(fleet.urls, timeoutMs))
  const refreshed = Array<number>()
  const theirs = Array<number>()
  const probed = Array<number>()
  // The first round warms up all sides: connections and compiled code.
  for (let run = -1; run < (hung === 0 ? 21 : 3); run++) {
    const refresh = yield* ours.callTool("refresh_instances")
    const others = yield* Effect.forEach(against, (server) => server.callTool("refresh_instances"))
    const probe = yield* bare.request("probe")
    if (run < 0) continue
    refreshed.push(refresh.ms)
    theirs.push(...others.map(({ ms }) => ms))
    probed.push(probe.ms)
  }
  const bareMs = median(probed)
  const compared = theirs.length === 0 ? "" : `; BENCH_AGAINST ${median(theirs).toFixed(1)} ms`
  const figure: Figure = {
    what: `refresh_instances, ${healthy + hung}${hung === 0 ? "" : `, ${hung} hung`}`,
    value: median(refreshed),
    samples: refreshed,
    unit: "ms",
    ...(hung === 0
      ? {
          floor: { name: "bare fetch", value: bareMs },
          target: 2,
          note: `four requests of each instance, as ours${compared}`,
        }
      : {
          floor: { name: "time-out", value: timeoutMs },
          target: 1.08,
          note: `bare fetch ${bareMs.toFixed(0)} ms${compared}`,
        }),
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
