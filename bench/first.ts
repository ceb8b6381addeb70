/** The first `list_instances` of a new process, asked for right after the handshake. BENCH_AGAINST is the floor. */
import { Effect, FileSystem, Option, Path } from "effect"
import { type Command, JsonRpcProcess } from "./support/JsonRpcProcess.ts"
import { startFleet } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import { median, type Figure } from "./support/report.ts"

const rounds = 11

const once = Effect.fn("once")(function* (command: Command) {
  const server = yield* JsonRpcProcess.start(command)
  yield* server.initialize
  yield* server.listTools
  return (yield* server.callTool("list_instances")).ms
}, Effect.scoped)

/** A home with the registration of a service of opencode 2. */
const serviceHome = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { urls } = yield* startFleet({ healthy: 0, hung: 0, services: 1 })
  const state = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-bench-" })
  const directory = path.join(state, "opencode")
  const registration = { id: "bench", version: "2.0.15", url: urls[0], pid: process.pid, password: "bench" }
  yield* fs.makeDirectory(directory, { mode: 0o700 })
  yield* fs.writeFileString(path.join(directory, "service.json"), JSON.stringify(registration), { mode: 0o600 })
  return state
})

export const benchFirst = Effect.fn("benchFirst")(function* (programs: Programs) {
  const { directory } = yield* startFleet({ healthy: 1, hung: 0 })
  const state = yield* serviceHome
  const kinds = [
    { what: "registered", env: {} },
    { what: "local-ports", env: { TRANSPORT: "local-ports" } },
    { what: "service", env: { TRANSPORT: "service", XDG_STATE_HOME: state } },
  ].map((kind) => ({ ...kind, ours: Array<number>(), theirs: Array<number>() }))
  // Interleaved. The first round fills the caches.
  for (let round = -1; round < rounds; round++) {
    for (const { env, ours, theirs } of kinds) {
      const our = yield* once(programs.ours(directory, env))
      if (round >= 0) ours.push(our)
      if (Option.isNone(programs.against)) continue
      const their = yield* once(programs.against.value(directory, env))
      if (round >= 0) theirs.push(their)
    }
  }
  return kinds.map(({ ours, theirs, what }): Figure => ({
    what: `first list_instances, ${what}`,
    value: median(ours),
    samples: ours,
    unit: "ms",
    ...(theirs.length === 0 ? {} : { floor: { name: "BENCH_AGAINST", value: median(theirs) } }),
    note: `median of ${rounds} new processes; the fleet is loaded in this time`,
  }))
}, Effect.scoped)
