/** Resident memory of a server that was just started, of one that has answered a thousand calls, and of one with a large fleet. */
import { Effect } from "effect"
import { JsonRpcProcess, type Command } from "./support/JsonRpcProcess.ts"
import { startFleet } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import type { Figure } from "./support/report.ts"

const calls = 1000
const refreshes = 100
const instances = 100

const measure = Effect.fn("measure")(function* (command: Command, tool: string, args: unknown) {
  const server = yield* JsonRpcProcess.start(command)
  yield* server.initialize
  yield* server.listTools
  // Includes the work that a server does by itself after its start.
  yield* Effect.sleep("500 millis")
  const started = yield* server.residentMemory
  for (let call = 0; call < calls; call++) yield* server.callTool(tool, args)
  return { started, worked: yield* server.residentMemory }
}, Effect.scoped)

const measureRefreshes = Effect.fn("measureRefreshes")(function* (programs: Programs) {
  const { directory } = yield* startFleet({ healthy: instances, hung: 0 })
  const server = yield* JsonRpcProcess.start(programs.ours(directory))
  yield* server.initialize
  yield* server.listTools
  for (let refresh = 0; refresh < refreshes; refresh++) yield* server.callTool("refresh_instances")
  return yield* server.residentMemory
}, Effect.scoped)

const idleSeconds = 60

/** Processor time of an idle server with the default interval, in percent of a core. */
const measureIdle = Effect.fn("measureIdle")(function* (programs: Programs, healthy: number) {
  const { directory } = yield* startFleet({ healthy, hung: 0 })
  const server = yield* JsonRpcProcess.start(programs.ours(directory, { DISCOVERY_INTERVAL_MS: "30000" }))
  yield* server.initialize
  yield* server.listTools
  // The start, and the second look at each instance.
  yield* Effect.sleep("40 seconds")
  const before = yield* server.processorTime
  yield* Effect.sleep(`${idleSeconds} seconds`)
  return ((yield* server.processorTime) - before) / (idleSeconds * 10)
}, Effect.scoped)

export const benchMemory = Effect.fn("benchMemory")(function* (programs: Programs) {
  const fleet = yield* startFleet({ healthy: 3, hung: 0 })
  const hello = yield* measure(programs.hello, "echo", { text: "hello" })
  const ours = yield* measure(programs.ours(fleet.directory), "list_instances", {})
  const refreshed = yield* measureRefreshes(programs)
  const [idle, alone] = yield* Effect.all([measureIdle(programs, instances), measureIdle(programs, 0)], {
    concurrency: 2,
  })
  const figures: ReadonlyArray<Figure> = [
    {
      what: "resident after tools/list",
      value: ours.started,
      unit: "MB",
      floor: { name: "hello-world", value: hello.started },
    },
    {
      what: `resident after ${calls} calls`,
      value: ours.worked,
      unit: "MB",
      floor: { name: "hello-world", value: hello.worked },
    },
    {
      what: `resident after ${refreshes} refreshes of ${instances}`,
      value: refreshed,
      unit: "MB",
      note: "goal: 150 MB",
    },
    {
      what: `idle with ${instances} instances, default interval`,
      value: idle,
      unit: "%",
      note: `goal: 0.2 % of a core; with none ${alone.toFixed(2)} %`,
    },
  ]
  return figures
}, Effect.scoped)
