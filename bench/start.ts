/** From spawning the process until `initialize`, and then `tools/list`, are answered. */
import { Effect, Option } from "effect"
import { JsonRpcProcess, type Command } from "./support/JsonRpcProcess.ts"
import { startFleet } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import { median, type Figure } from "./support/report.ts"

const runs = 21

const startOnce = Effect.fn("startOnce")(function* (command: Command) {
  const from = performance.now()
  const server = yield* JsonRpcProcess.start(command)
  yield* server.initialize
  const initialized = performance.now() - from
  yield* server.listTools
  return { initialize: initialized, toolsList: performance.now() - from }
}, Effect.scoped)

/** Ratios to the hello-world. */
const goals = { initialize: 0.95, toolsList: 1 }

export const candidate = (name: string, command: Command, targets?: typeof goals) => ({
  name,
  command,
  targets,
  initialize: Array<number>(),
  toolsList: Array<number>(),
})

/** Interleaved, so that a noisy moment of the machine meets all of them. The first two rounds fill the caches. */
export const measureStart = Effect.fn("measureStart")(function* (
  candidates: ReadonlyArray<ReturnType<typeof candidate>>,
  runs: number,
) {
  for (let run = -2; run < runs; run++) {
    for (const { command, initialize, toolsList } of candidates) {
      const times = yield* startOnce(command)
      if (run < 0) continue
      initialize.push(times.initialize)
      toolsList.push(times.toolsList)
    }
  }
})

export const benchStart = Effect.fn("benchStart")(function* (programs: Programs) {
  const helloWorld = candidate("SDK hello-world", programs.hello)
  const empty = yield* startFleet({ healthy: 0, hung: 0 })
  const hung = yield* startFleet({ healthy: 0, hung: 1 })
  const hundred = yield* startFleet({ healthy: 100, hung: 0 })
  const candidates = [
    candidate("bare Node", programs.bare),
    helloWorld,
    candidate("SDK hello-world with compile cache", programs.helloCached),
    candidate("ours", programs.ours(empty.directory), goals),
    ...Option.toArray(Option.map(programs.against, (command) => candidate("BENCH_AGAINST", command(empty.directory)))),
    candidate("ours, one hung instance", programs.ours(hung.directory), goals),
    candidate("ours, 100 registrations", programs.ours(hundred.directory), goals),
    candidate("ours without compile cache", programs.ours(empty.directory, { NODE_DISABLE_COMPILE_CACHE: "1" })),
  ]
  yield* measureStart(candidates, runs)
  const figures = (kind: "initialize" | "toolsList", label: string): ReadonlyArray<Figure> => {
    const floor = { name: "hello-world", value: median(helloWorld[kind]) }
    return candidates.map(({ [kind]: times, name, targets }) => ({
      what: `${label}: ${name}`,
      value: median(times),
      samples: times,
      unit: "ms",
      floor,
      target: targets?.[kind],
    }))
  }
  return [...figures("initialize", "initialize"), ...figures("toolsList", "tools/list")]
}, Effect.scoped)
