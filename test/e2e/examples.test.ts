/** The programs in examples/ run as they stand. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { fileURLToPath } from "node:url"
import { FleetClient } from "../support/McpClients.ts"
import * as facts from "../support/opencodeFacts.ts"
import { startRaw } from "../support/RawServer.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))

layer(FleetClient.layer({ permission: "ask" }), { excludeTestServices: true, timeout: "60 seconds" })(
  "the examples",
  (it) => {
    it.effect("fleet.ts shows each instance and its last session", () =>
      Effect.gen(function* () {
        const { relay } = yield* FleetClient
        yield* facts.createSession(yield* RealOpencode, "Embedded")
        yield* relay.register("refused", { port: 1 })
        const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
        const printed = yield* spawner.string(
          ChildProcess.make(process.execPath, [example("fleet.ts")], { env: relay.environment() }),
        )
        assert.match(printed, /^2 registered\n/u)
        assert.match(printed, /\(online\): 1 sessions, the last: Embedded\n/u)
        assert.match(printed, /refused \(unreachable\): .*HTTP clients refuse this port/u)
      }),
    )

    it.effect("send.ts allows what only looks, and leaves the rest to a person", () =>
      Effect.gen(function* () {
        const { relay } = yield* FleetClient
        const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
        const run = (message: string) =>
          spawner.string(
            ChildProcess.make(process.execPath, [example("send.ts"), "main", message], { env: relay.environment() }),
          )
        assert.match(yield* run("run: ls -a"), /^Done: [^]*README\.md[^]*\ncompleted after 1 tool calls in ses_/u)
        assert.match(yield* run("run: ls > out.txt"), /\nneeds permission after 1 tool calls in ses_/u)
      }),
    )

    it.effect("server.ts serves the fleet of the directory that it is given", () =>
      Effect.gen(function* () {
        const { relay } = yield* FleetClient
        const raw = yield* startRaw(relay, { file: example("server.ts"), args: [relay.directory] })
        yield* raw.initialize()
        const { result } = yield* raw.request("tools/call", { name: "list_instances", arguments: { search: "main" } })
        assert.include(JSON.stringify(result), '"health":"online"')
        yield* raw.closeStdin
        assert.deepStrictEqual(yield* raw.ended, { code: 0, signal: null })
      }),
    )
  },
)
