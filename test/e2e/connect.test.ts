/** `opencode-fleet connect` on one machine, with the real opencode. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Option, Path } from "effect"
import { hostname } from "node:os"
import { ListInstances } from "../../src/tools/instances/InstanceTools.ts"
import { localRegistry, registered, registrations, running, startConnect } from "../support/connectProcess.ts"
import { relayIn } from "../support/Executable.ts"
import { freePort } from "../support/loopback.ts"
import { connect } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import { makeWorkspace, type Workspace } from "../support/OpencodeWorkspace.ts"
import { start } from "../support/RealOpencode.ts"
import { runCommand } from "../support/runCommand.ts"
import { ScriptedModel } from "../support/ScriptedModel.ts"

const services = Layer.mergeAll(ScriptedModel.layer, NodeServices.layer)

/** The relay directory of this machine, with the MCP server and the other commands. */
const here = (workspace: Workspace) => relayIn(workspace.home, localRegistry(workspace))

layer(services, { excludeTestServices: true })("connect", (it) => {
  it.effect("makes opencode a member: listed while it is running, and removed when it ends", () =>
    Effect.gen(function* () {
      const workspace = yield* makeWorkspace({ project: "web-shop" })
      const first = yield* startConnect(workspace)
      const [registration] = yield* registered(localRegistry(workspace), 1)
      assert.strictEqual(registration?.name, `${hostname().split(".")[0]}-web-shop`)
      assert.deepInclude(registration, { hostname: hostname(), cwd: workspace.directory })
      const fs = yield* FileSystem.FileSystem
      assert.strictEqual((yield* fs.stat(registration?.file ?? "")).mode & 0o777, 0o600)
      assert.strictEqual((yield* fs.stat(localRegistry(workspace))).mode & 0o777, 0o700)

      const client = yield* connect(yield* here(workspace))
      const { instances } = yield* client.call(ListInstances)
      assert.strictEqual(instances[0]?.name, registration?.name)
      assert.deepInclude(instances[0], { health: "online", directory: workspace.directory })

      // A second one in the same directory does not replace the first one.
      const second = yield* startConnect(workspace)
      const names = Array.from(yield* registered(localRegistry(workspace), 2), ({ name }) => name)
      assert.deepStrictEqual(names.toSorted(), [`${registration?.name}`, `${registration?.name}-2`])
      yield* client.call(ListInstances).pipe(eventually(({ health_counts: counts }) => counts["online"] === 2))

      yield* first.signal("SIGTERM")
      yield* first.exitStatus
      assert.deepStrictEqual(
        (yield* registrations(localRegistry(workspace))).map(({ name }) => name),
        [`${registration?.name}-2`],
      )
      yield* second.signal("SIGTERM")
      yield* second.exitStatus
      yield* client.call(ListInstances).pipe(eventually(({ instances }) => instances.length === 0))
      assert.deepStrictEqual(yield* running(`--port ${registration?.port}`), [])
    }),
  )

  it.effect.each([
    { name: "SIGTERM" as const, status: 143 },
    { name: "SIGHUP" as const, status: 143 },
    { name: "SIGINT" as const, status: 130 },
  ])("ends opencode on $name, removes its registration, and exits with opencode's status", ({ name, status }) =>
    Effect.gen(function* () {
      const workspace = yield* makeWorkspace({})
      const connected = yield* startConnect(workspace)
      const [registration] = yield* registered(localRegistry(workspace), 1)
      yield* connected.signal(name)
      assert.deepStrictEqual(yield* connected.exitStatus, Option.some(status))
      assert.deepStrictEqual(yield* registrations(localRegistry(workspace)), [])
      assert.deepStrictEqual(yield* running(`--port ${registration?.port}`), [])
    }),
  )

  it.effect("ends when opencode is killed, with the status that a shell reports", () =>
    Effect.gen(function* () {
      const workspace = yield* makeWorkspace({})
      const connected = yield* startConnect(workspace)
      const [registration] = yield* registered(localRegistry(workspace), 1)
      process.kill(registration?.pid ?? 0, "SIGKILL")
      assert.deepStrictEqual(yield* connected.exitStatus, Option.some(137))
      assert.deepStrictEqual(yield* registrations(localRegistry(workspace)), [])
    }),
  )

  it.effect("that is killed leaves only its registration; the next one reuses its name, and prune removes it", () =>
    Effect.gen(function* () {
      const workspace = yield* makeWorkspace({})
      const killed = yield* startConnect(workspace)
      const [before] = yield* registered(localRegistry(workspace), 1)
      yield* killed.signal("SIGKILL")
      yield* running(`--port ${before?.port}`).pipe(eventually((all) => all.length === 0))
      yield* running(`guard ${before?.pid}`).pipe(eventually((all) => all.length === 0))
      assert.lengthOf(yield* registrations(localRegistry(workspace)), 1)

      const next = yield* startConnect(workspace)
      yield* registrations(localRegistry(workspace)).pipe(eventually(([now]) => now?.pid !== before?.pid))
      assert.deepStrictEqual(
        (yield* registrations(localRegistry(workspace))).map(({ name }) => name),
        [before?.name],
      )
      yield* next.signal("SIGKILL")
      // A process that has not been reaped yet still exists.
      yield* runCommand(yield* here(workspace), ["prune"]).pipe(
        eventually(({ stdout }) => stdout.startsWith("removed")),
      )
      assert.deepStrictEqual(yield* registrations(localRegistry(workspace)), [])
    }),
  )

  it.effect("uses any name and any directory literally", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const workspace = yield* makeWorkspace({})
      const cwd = path.join(workspace.directory, `it's "a" $(touch pwned) \`touch pwned\`;\nproject`)
      yield* fs.makeDirectory(cwd)
      const name = `my "box" $(touch pwned); it's \\ 100% \n名前`
      yield* startConnect(workspace, { cwd, variables: { INSTANCE_NAME: name } })
      const [registration] = yield* registered(localRegistry(workspace), 1)
      assert.strictEqual(registration?.name, name.replaceAll(/\s+/gu, " "))
      assert.match(path.basename(registration?.file ?? ""), /^[\p{L}\p{N}._-]+\.json$/u)
      const client = yield* connect(yield* here(workspace))
      const { instances } = yield* client.call(ListInstances)
      assert.strictEqual(instances[0]?.name, registration?.name)
      assert.strictEqual(instances[0]?.health, "online")
      assert.isFalse(yield* fs.exists(path.join(cwd, "pwned")))
    }),
  )

  it.effect("passes arguments on, and exits like an opencode that does not start", () =>
    Effect.gen(function* () {
      const workspace = yield* makeWorkspace({})
      const port = yield* freePort
      yield* startConnect(workspace, { args: ["--headless", "--", "--port", String(port), "--print-logs"] })
      const [registration] = yield* registered(localRegistry(workspace), 1)
      assert.strictEqual(registration?.port, port)

      const taken = yield* startConnect(workspace, { args: ["--", "--port", String(port)] })
      assert.deepStrictEqual(yield* taken.exitStatus, Option.some(1))
      assert.include(yield* taken.output, `port ${port} is taken`)
      const wrong = yield* startConnect(workspace, { args: ["--headless", "--", "--no-such-option"] })
      assert.deepStrictEqual(yield* wrong.exitStatus, Option.some(1))
      const missing = yield* startConnect(workspace, { variables: { PATH: "/nowhere" } })
      assert.deepStrictEqual(yield* missing.exitStatus, Option.some(1))
      assert.include(yield* missing.output, "no `opencode` on the PATH")
      assert.lengthOf(yield* registrations(localRegistry(workspace)), 1)
    }),
  )

  it.effect("registers a running opencode until it ends", () =>
    Effect.gen(function* () {
      const opencode = yield* start({})
      const connected = yield* startConnect(opencode, { args: ["--attach", opencode.url], cwd: opencode.home })
      const [registration] = yield* registered(localRegistry(opencode), 1)
      assert.deepInclude(registration, { port: opencode.port, cwd: opencode.directory })
      const shown = yield* runCommand(yield* here(opencode), ["connect", "--status", "--json"])
      assert.deepInclude(JSON.parse(shown.stdout)[0], { name: registration?.name, running: true, url: opencode.url })
      yield* opencode.stop
      assert.deepStrictEqual(yield* connected.exitStatus, Option.some(0))
      assert.deepStrictEqual(yield* registrations(localRegistry(opencode)), [])
    }),
  )

  it.effect("refuses to register a port without opencode, and another machine", () =>
    Effect.gen(function* () {
      const workspace = yield* makeWorkspace({})
      const relay = yield* here(workspace)
      const nobody = yield* runCommand(relay, ["connect", "--attach", String(yield* freePort)])
      assert.strictEqual(nobody.status, 1)
      assert.include(nobody.stderr, "cannot be reached")
      const elsewhere = yield* runCommand(relay, ["connect", "--attach", "http://192.0.2.1:4096"])
      assert.strictEqual(elsewhere.status, 2)
      assert.include(elsewhere.stderr, "on this machine")
      const option = yield* runCommand(relay, ["connect", "--relay=-oProxyCommand=touch pwned"])
      assert.strictEqual(option.status, 2)
      assert.deepStrictEqual(yield* registrations(localRegistry(workspace)), [])
    }),
  )
})
