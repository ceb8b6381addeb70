/** Resident memory of a server that was just started, and of one that has answered a thousand calls. */
import { Effect } from "effect"
import { JsonRpcProcess, type Command } from "./support/JsonRpcProcess.ts"
import { startFleet } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import type { Figure } from "./support/report.ts"

const calls = 1000

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

export const benchMemory = Effect.fn("benchMemory")(function* (programs: Programs) {
  const fleet = yield* startFleet({ healthy: 3, hung: 0 })
  const hello = yield* measure(programs.hello, "echo", { text: "hello" })
  const ours = yield* measure(programs.ours(fleet.directory), "list_instances", {})
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
  ]
  return figures
}, Effect.scoped)
