/** Commands in a terminal: the whole run of the process, from spawn to exit. */
import { Effect } from "effect"
import type { Command } from "./support/JsonRpcProcess.ts"
import { startFleet } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import { median, type Figure } from "./support/report.ts"
import { RunFailed, runToEnd } from "./support/runToEnd.ts"

const runs = 15
const instances = 10

const candidate = (command: Command, says = "") => ({ command, says, times: Array<number>() })

export const benchCommands = Effect.fn("benchCommands")(function* (programs: Programs) {
  const { directory, urls } = yield* startFleet({ healthy: instances, hung: 0 })
  const ours = (...args: ReadonlyArray<string>) => ({ ...programs.ours(directory), args })
  const nothing = candidate(programs.nothing)
  const bare = candidate(yield* programs.list(urls, 1000))
  const list = candidate(ours("instances", "--json"), `"online": ${instances}`)
  const help = candidate(ours("--help"), "USAGE")
  // Interleaved, and the first two rounds fill the caches.
  for (let run = -2; run < runs; run++) {
    for (const { command, says, times } of [nothing, bare, list, help]) {
      const { ms, stdout } = yield* runToEnd(command)
      if (!stdout.includes(says)) return yield* new RunFailed({ command: command.file, detail: `does not say ${says}` })
      if (run >= 0) times.push(ms)
    }
  }
  const figure = (what: string, measured: typeof list, name: string, floor: typeof list): Figure => ({
    what,
    value: median(measured.times),
    samples: measured.times,
    unit: "ms",
    floor: { name, value: median(floor.times) },
    note: `median of ${runs}`,
  })
  return [
    figure(`instances --json, ${instances} instances`, list, "script with bare fetch", bare),
    figure(`instances --json, ${instances} instances`, list, "node -e 0", nothing),
    figure("--help", help, "node -e 0", nothing),
  ]
}, Effect.scoped)
