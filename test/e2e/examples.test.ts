/** The programs in examples/ run as they stand. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { fileURLToPath } from "node:url"
import { FleetClient } from "../support/McpClients.ts"
import * as facts from "../support/opencodeFacts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

const example = fileURLToPath(new URL("../../examples/fleet.ts", import.meta.url))

layer(FleetClient.layer(), { excludeTestServices: true, timeout: "60 seconds" })("examples/fleet.ts", (it) => {
  it.effect("shows each instance and its last session", () =>
    Effect.gen(function* () {
      const { relay } = yield* FleetClient
      yield* facts.createSession(yield* RealOpencode, "Embedded")
      yield* relay.register("refused", { port: 1 })
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const printed = yield* spawner.string(
        ChildProcess.make(process.execPath, [example], { env: relay.environment() }),
      )
      assert.match(printed, /^2 registered\n/u)
      assert.match(printed, /\(online\): 1 sessions, the last: Embedded\n/u)
      assert.match(printed, /refused \(unreachable\): .*HTTP clients refuse this port/u)
    }),
  )
})
