/** The transport `ssh` and start_instance: machines of both versions with nothing but sshd, through the built executable. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, FileSystem, Layer } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { StartInstance } from "../../src/tools/control/ControlTools.ts"
import { ListInstances, RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { CreateSession } from "../../src/tools/sessions/SessionTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { connect, type McpClient } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import { withMachines } from "../support/requirements.ts"
import { ScriptedModel } from "../support/ScriptedModel.ts"
import { hostEntry, type Machine, makeSshHome, servicePassword, startMachine } from "../support/sshMachines.ts"

const fleetPassword = "password-of-the-whole-fleet"

/** Text that login shells print, some of it without a line end. */
const noise = `echo 'Welcome!'; echo 'fleet-0 hello'; echo warning >&2; printf 'last login: never'`

class Scene extends Context.Service<
  Scene,
  { readonly box: Machine; readonly old: Machine; readonly bare: Machine; readonly client: McpClient }
>()("opencode-fleet/test/sshHosts/Scene") {
  static readonly layer = Layer.effect(
    Scene,
    Effect.gen(function* () {
      const box = yield* startMachine({ opencode: 2, login: noise })
      const old = yield* startMachine({ opencode: 1, project: "shop" })
      const bare = yield* startMachine()
      const fleet = yield* makeRelay()
      const { PATH } = yield* makeSshHome(fleet.home, [
        ...hostEntry("box", box),
        ...hostEntry("gpu-old", old),
        ...hostEntry("gpu-bare", bare),
        ...hostEntry("wrong-key", box, `${box.root}/host_key`),
        "Host down",
        "HostName 127.0.0.1",
        "Port 1",
        ...Array.from({ length: 1000 }, (_, index) => `Host never-${index}`),
      ])
      const client = yield* connect(fleet, {
        variables: {
          PATH,
          SSH_HOSTS: "box,gpu-*,wrong-key,down",
          TRANSPORT: "local-relay",
          OPENCODE_SERVER_PASSWORD: fleetPassword,
        },
      })
      return { box, old, bare, client }
    }),
  ).pipe(Layer.provideMerge([ScriptedModel.layer, NodeServices.layer]))
}

/** Refreshes until the instance is in that state, and returns it. */
const instance = (client: McpClient, name: string, health: string) =>
  client.call(RefreshInstances).pipe(
    Effect.map(({ instances }) => instances.find((one) => one.name === name && one.health === health)),
    eventually((found) => found !== undefined),
  )

withMachines("machines with nothing but ssh", () => {
  layer(Scene.layer, { excludeTestServices: true })((it) => {
    it.effect("that cannot be used have one problem each, with ssh's message and what to do", () =>
      Effect.gen(function* () {
        const { client } = yield* Scene
        const { problems } = yield* client
          .call(RefreshInstances)
          .pipe(eventually(({ problem_count }) => problem_count === 5))
        const reasonOf = (source: string) => problems.find((one) => one.source === source)?.reason
        assert.include(reasonOf("ssh down"), "Connection refused")
        assert.include(reasonOf("ssh down"), "ssh -o BatchMode=yes down")
        assert.include(reasonOf("ssh wrong-key"), "Permission denied")
        assert.include(reasonOf("ssh wrong-key"), "ssh-add")
        for (const host of ["box", "gpu-old", "gpu-bare"]) {
          assert.include(reasonOf(host), "no opencode is running there")
          assert.include(reasonOf(host), `opencode-fleet start ${host}`)
        }
      }),
    )

    it.effect("start the service of opencode 2, once, and it does its work", () =>
      Effect.gen(function* () {
        const { box, client } = yield* Scene
        const fs = yield* FileSystem.FileSystem
        const started = yield* client.call(StartInstance, { host: "box" })
        assert.deepStrictEqual(started, { host: "box", was_running: false, version: "2.0.15", instance: "box" })
        const registration = yield* fs.readFileString(box.registration)
        assert.deepInclude(yield* client.call(StartInstance, { host: "box" }), { was_running: true, instance: "box" })
        assert.strictEqual(yield* fs.readFileString(box.registration), registration)
        assert.deepInclude(yield* instance(client, "box", "online"), { version: "2.0.15", api: 2 })
        const { session } = yield* client.call(CreateSession, { instance: "box", directory: box.directory })
        const turn = yield* client.call(SendMessage, {
          instance: "box",
          session_id: session.session_id,
          message: "say:from box",
        })
        assert.deepInclude(turn, { outcome: "completed", text: "from box" })
      }),
    )

    it.effect("start opencode 1 in a directory, with the password of the fleet", () =>
      Effect.gen(function* () {
        const { client, old } = yield* Scene
        const undirected = yield* Effect.flip(client.call(StartInstance, { host: "gpu-old" }))
        assert.include(undirected.message, "serves one directory")
        const started = yield* client.call(StartInstance, { host: "gpu-old", directory: old.directory })
        const name = "gpu-old-shop"
        assert.deepStrictEqual(started, {
          host: "gpu-old",
          was_running: false,
          version: "1.18.33",
          instance: name,
          directory: old.directory,
        })
        const again = yield* client.call(StartInstance, { host: "gpu-old", directory: old.directory })
        assert.deepInclude(again, { was_running: true, instance: name })
        const { session } = yield* client.call(CreateSession, { instance: name })
        const turn = yield* client.call(SendMessage, {
          instance: name,
          session_id: session.session_id,
          message: "say:from old",
        })
        assert.deepInclude(turn, { outcome: "completed", text: "from old" })
      }),
    )

    it.effect("are not used to start anything that is not there, or that was not named", () =>
      Effect.gen(function* () {
        const { client } = yield* Scene
        const missing = yield* Effect.flip(client.call(StartInstance, { host: "gpu-bare" }))
        assert.include(missing.message, "there is no opencode command")
        const unnamed = yield* Effect.flip(client.call(StartInstance, { host: "never-1" }))
        assert.include(unnamed.message, "SSH_HOSTS")
        const down = yield* Effect.flip(client.call(StartInstance, { host: "down" }))
        assert.include(down.message, "Connection refused")
      }),
    )

    it.effect("keep name and address while a connection is lost and comes back", () =>
      Effect.gen(function* () {
        const { box, client } = yield* Scene
        const before = yield* instance(client, "box", "online")
        yield* box.killConnections
        yield* client
          .call(RefreshInstances)
          .pipe(eventually(({ instances }) => instances.some(({ name }) => name === "gpu-old-shop")))
        const after = yield* instance(client, "box", "online")
        assert.strictEqual(after?.url, before?.url)
      }),
    )

    it.effect("keep name and address while a service is restarted", () =>
      Effect.gen(function* () {
        const { box, client } = yield* Scene
        const fs = yield* FileSystem.FileSystem
        const before = yield* instance(client, "box", "online")
        const registration = yield* fs.readFileString(box.registration)
        yield* box.run("opencode service restart")
        assert.notStrictEqual(yield* fs.readFileString(box.registration), registration)
        const after = yield* instance(client, "box", "online")
        assert.strictEqual(after?.url, before?.url)
      }),
    )

    it.effect("that go down are unreachable, with the others unaffected", () =>
      Effect.gen(function* () {
        const { client, old } = yield* Scene
        yield* old.stop
        assert.isDefined(yield* instance(client, "gpu-old-shop", "unreachable"))
        assert.isDefined(yield* instance(client, "box", "online"))
        const { problems } = yield* client.call(ListInstances)
        assert.include(
          problems.map(({ source }) => source),
          "ssh gpu-old",
        )
      }),
    )

    it.effect("leave no password in any output, or in a file of another machine", () =>
      Effect.gen(function* () {
        const { box, client, old } = yield* Scene
        const said = `${yield* client.stderr} ${JSON.stringify(yield* client.call(RefreshInstances))}`
        for (const password of [servicePassword, fleetPassword]) assert.notInclude(said, password)
        const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
        const found = yield* spawner.string(ChildProcess.make("grep", ["-rlF", fleetPassword, box.home, old.home]))
        assert.strictEqual(found, "")
      }),
    )
  })
})
