/** `npm test` ends with this: the executable's size and start, in two lines. It asserts nothing, because machines are noisy. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect } from "effect"
import { measureSize } from "./size.ts"
import { candidate, measureStart } from "./start.ts"
import { startFleet } from "./support/fleet.ts"
import { makePrograms } from "./support/programs.ts"
import { median } from "./support/report.ts"

const runs = 5

const program = Effect.gen(function* () {
  const size = yield* measureSize
  yield* Console.log(
    `Size: ${size.start.toFixed(0)} KB are loaded before initialize is answered, of ${size.all.toFixed(0)} KB`,
  )
  const programs = yield* makePrograms
  const { directory } = yield* startFleet({ healthy: 0, hung: 0 })
  const hello = candidate("hello-world", programs.hello)
  const ours = candidate("ours", programs.ours(directory))
  yield* measureStart([hello, ours], runs)
  const figure = (kind: "initialize" | "toolsList") =>
    `${median(ours[kind]).toFixed(0)} ms (${(median(ours[kind]) / median(hello[kind])).toFixed(2)} x the MCP SDK's hello-world)`
  yield* Console.log(
    `Start: initialize ${figure("initialize")}, tools/list ${figure("toolsList")}; medians of ${runs} runs`,
  )
}).pipe(Effect.scoped)

program.pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
