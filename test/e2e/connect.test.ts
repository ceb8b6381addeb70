/** `opencode-fleet connect`: the real opencode, a real sshd as the relay, and the MCP server there. */
import { assert, it } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Layer, Path } from "effect"
import { ListInstances, RefreshInstances } from "../../src/tools/InstanceTools.ts"
import { CreateSession } from "../../src/tools/SessionTools.ts"
import { SendMessage } from "../../src/tools/TurnTools.ts"
import { startConnect } from "../support/connectProcess.ts"
import { relayIn } from "../support/Executable.ts"
import { connect, eventually, type McpClient } from "../support/McpClients.ts"
import { makePlace } from "../support/OpencodePlace.ts"
import { withSsh } from "../support/requirements.ts"
import { ScriptedModel } from "../support/ScriptedModel.ts"
import { SshRelay } from "../support/SshRelay.ts"

const services = Layer.mergeAll(ScriptedModel.layer, NodeServices.layer)

/** Names of the files in a directory; none where there is no directory. */
const filesIn = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readDirectory(directory).pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))
})

const online = (client: McpClient) =>
  client.call(RefreshInstances).pipe(
    eventually(({ counts }) => counts["online"] === 1, "40 seconds"),
    Effect.map(({ instances }) => instances[0]),
  )

withSsh("connect with a relay", () => {
  it.live(
    "goes the whole way: listed there, given work, cut off, back by itself, ended, gone",
    () =>
      Effect.gen(function* () {
        const path = yield* Path.Path
        const relay = yield* SshRelay
        const place = yield* makePlace({ project: "web-shop" })
        const connected = yield* startConnect(place, { variables: { RELAY_SSH_CMD: relay.command } })
        const there = yield* connect(yield* relayIn(relay.home, relay.directory))
        const instance = yield* online(there)
        assert.match(instance?.name ?? "", /-web-shop$/u)
        assert.strictEqual(instance?.directory, place.directory)

        const send = Effect.gen(function* () {
          const { session } = yield* there.call(CreateSession, { title: "From afar" })
          return yield* there.call(SendMessage, { session_id: session.id, message: "say:hello from afar" })
        })
        assert.deepInclude(yield* send, { outcome: "completed", text: "hello from afar" })

        yield* relay.killConnections
        yield* there
          .call(ListInstances)
          .pipe(eventually(({ instances }) => instances[0]?.url !== instance?.url, "40 seconds"))
        yield* online(there)
        assert.deepInclude(yield* send, { outcome: "completed", text: "hello from afar" })

        yield* connected.signal("SIGTERM")
        yield* Effect.ignore(connected.exitStatus)
        assert.deepStrictEqual(yield* filesIn(relay.directory), [])
        assert.deepStrictEqual(yield* filesIn(path.join(place.home, ".local", "share", "opencode-relay")), [])
      }).pipe(Effect.scoped, Effect.provide(Layer.mergeAll(services, SshRelay.layer()))),
    90_000,
  )
})
