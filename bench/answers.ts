/** One answer from memory: `list_instances` compared with the echo tool of the hello-world. */
import { Effect } from "effect"
import { JsonRpcProcess } from "./support/JsonRpcProcess.ts"
import { startFleet } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import { median, type Figure } from "./support/report.ts"

const warmUp = 100
const calls = 500

export const benchAnswers = Effect.fn("benchAnswers")(function* (programs: Programs) {
  const fleet = yield* startFleet({ healthy: 3, hung: 0 })
  const ours = yield* JsonRpcProcess.start(programs.ours(fleet.directory))
  const hello = yield* JsonRpcProcess.start(programs.hello)
  for (const server of [ours, hello]) {
    yield* server.initialize
    yield* server.listTools
  }
  const listed = Array<number>()
  const echoed = Array<number>()
  for (let call = -warmUp; call < calls; call++) {
    const list = yield* ours.callTool("list_instances")
    const echo = yield* hello.callTool("echo", { text: "hello" })
    if (call < 0) continue
    listed.push(list.ms)
    echoed.push(echo.ms)
  }
  const figure: Figure = {
    what: "list_instances, 3 instances",
    value: median(listed),
    samples: listed,
    unit: "ms",
    floor: { name: "echo tool", value: median(echoed) },
    target: 1.5,
    note: `median of ${calls} calls`,
  }
  return [figure]
}, Effect.scoped)
