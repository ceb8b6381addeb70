/**
 * Finding unregistered instances among the ports of this machine, compared with requests with bare `fetch`, and with the same
 * instances registered. Other servers of this machine are found, too: where there are any, run it as root in
 * `unshare --net`, with `ip link set lo up` first.
 */
import { Effect } from "effect"
import { JsonRpcProcess } from "./support/JsonRpcProcess.ts"
import { startFleet } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import { median, type Figure } from "./support/report.ts"

const timeoutMs = 1000

const started = Effect.fnUntraced(function* (programs: Programs, directory: string, transport: string) {
  const ours = yield* JsonRpcProcess.start(programs.ours(directory, { TRANSPORT: transport }))
  yield* ours.initialize
  yield* ours.listTools
  return ours
})

const timed = Effect.fnUntraced(function* (rounds: number, ask: Effect.Effect<{ readonly ms: number }, unknown>) {
  const times = yield* Effect.forEach(Array.from({ length: rounds }), () => ask)
  return median(times.map(({ ms }) => ms))
})

/** The first round warms it up. */
const refreshed = (ours: JsonRpcProcess) =>
  Effect.andThen(ours.callTool("refresh_instances"), timed(15, ours.callTool("refresh_instances")))

/** Unregistered opencodes, compared with the same ones registered. */
const unregistered = Effect.fn("unregistered")(function* (programs: Programs, healthy: number) {
  const { directory } = yield* startFleet({ healthy, hung: 0 })
  const [byPort, registered] = yield* Effect.all([
    started(programs, directory, "local-ports"),
    started(programs, directory, "local-relay"),
  ])
  const value = yield* refreshed(byPort)
  return {
    what: `refresh_instances, ${healthy} found by local-ports`,
    value,
    unit: "ms",
    floor: { name: "registered", value: yield* refreshed(registered) },
    note: "known ones are not asked twice",
  } satisfies Figure as Figure
}, Effect.scoped)

/** One opencode among many other servers. */
const amongOthers = Effect.fn("amongOthers")(function* (programs: Programs, strangers: number) {
  const { directory, urls } = yield* startFleet({ healthy: 1, hung: 0, strangers })
  const bare = yield* JsonRpcProcess.start(yield* programs.portScan(urls, timeoutMs))
  const floor = { name: "bare fetch", value: yield* timed(3, bare.request("scan")) }
  const ours = yield* started(programs, directory, "local-ports")
  const first = yield* ours.callTool("list_instances")
  const later = yield* timed(5, ours.callTool("refresh_instances"))
  return [
    { what: `first list_instances, 1 among ${strangers}`, value: first.ms, unit: "ms", floor },
    { what: `refresh_instances, 1 among ${strangers}`, value: later, unit: "ms", floor, note: "the others are spared" },
    { what: `memory, 1 among ${strangers}`, value: yield* ours.residentMemory, unit: "MB" },
  ] satisfies ReadonlyArray<Figure> as ReadonlyArray<Figure>
}, Effect.scoped)

export const benchDiscovery = (programs: Programs) =>
  Effect.gen(function* () {
    const found = yield* Effect.forEach([10, 100, 1000], (healthy) => unregistered(programs, healthy))
    const among = yield* Effect.forEach([0, 1000, 10_000], (strangers) => amongOthers(programs, strangers))
    return [...found, ...among.flat()]
  })
