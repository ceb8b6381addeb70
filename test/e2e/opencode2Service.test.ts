/** A real background service of opencode 2, found by the built executable without any setting. */
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { hostname } from "node:os"
import { ListInstances, RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { relayIn } from "../support/Executable.ts"
import { connect, eventually } from "../support/McpClients.ts"
import * as facts from "../support/opencode2Facts.ts"
import { RealService, withVersion } from "../support/RealService.ts"
import { withOpencode2 } from "../support/requirements.ts"

/** The user's own environment: only HOME and PATH. */
const plain = { RELAY_REGISTRY_DIR: undefined }

const [name = ""] = hostname().split(".")

/** An MCP client whose server runs as the user of the service. */
const client = Effect.gen(function* () {
  const service = yield* RealService
  return yield* connect(yield* relayIn(service.home, "/nowhere"), { variables: plain })
})

withOpencode2("the service of opencode 2", () => {
  layer(RealService.layer(), { excludeTestServices: true })((it) => {
    it.effect("is found without any setting, and answers a message", () =>
      Effect.gen(function* () {
        const service = yield* RealService
        const { call, stderr } = yield* client
        const fleet = yield* call(ListInstances)
        assert.deepStrictEqual(fleet.counts, { online: 1 })
        assert.deepInclude(fleet.instances[0], {
          name,
          health: "online",
          version: "2.0.15",
          url: service.url,
          transports: ["service"],
        })
        assert.isUndefined(fleet.instances[0]?.directory)
        const session = yield* facts.createSession(service, "Found")
        const turn = yield* call(SendMessage, { session_id: session.id, message: "say:From the service" })
        assert.deepInclude(turn, { outcome: "completed", text: "From the service" })
        assert.notInclude(JSON.stringify(fleet) + (yield* stderr), service.password)
      }),
    )

    it.effect("stays the same instance when it crashes, is upgraded, and stops", () =>
      Effect.gen(function* () {
        const service = yield* RealService
        const { call } = yield* client
        const seen = (what: string) =>
          call(ListInstances).pipe(
            Effect.map(({ instances }) => instances.map((one) => [one.name, one.health, one.version].join(" "))),
            eventually((all) => all.join() === what),
          )
        yield* seen(`${name} online 2.0.15`)
        yield* service.kill
        yield* seen(`${name} unreachable `)
        const fleet = yield* call(RefreshInstances)
        assert.include(fleet.instances[0]?.reason, "process has exited")
        yield* service.start(yield* withVersion("2.0.16"))
        yield* seen(`${name} online 2.0.16`)
        yield* service.restart
        yield* seen(`${name} online 2.0.15`)
        yield* service.stop
        yield* seen("")
        yield* service.start()
        yield* seen(`${name} online 2.0.15`)
        assert.isTrue(yield* (yield* FileSystem.FileSystem).exists(service.file))
      }),
    )
  })
})
