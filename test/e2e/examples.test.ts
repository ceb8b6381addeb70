/** The programs in examples/ run unchanged. */
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { ListInstances } from "../../src/tools/instances/InstanceTools.ts"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { fileURLToPath } from "node:url"
import { freePort } from "../support/loopback.ts"
import { connectHttp, FleetClient } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencodeFacts.ts"
import { startRaw } from "../support/RawServer.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))

layer(FleetClient.layer({ permission: "ask" }), { excludeTestServices: true })("the examples", (it) => {
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
      assert.match(printed, /refused \(unreachable\): .*ECONNREFUSED/u)
    }),
  )

  it.effect("send.ts allows commands that only read, and leaves the rest to a person", () =>
    Effect.gen(function* () {
      const { relay } = yield* FleetClient
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const run = (message: string) =>
        spawner.string(
          ChildProcess.make(process.execPath, [example("send.ts"), "main", message], { env: relay.environment() }),
        )
      assert.match(yield* run("run: ls -a"), /^Done: [^]*README\.md[^]*\ncompleted after 1 tool calls in ses_/u)
      // opencode's patterns for the second one are only `ls`, and it tells of no `workdir`.
      for (const message of ["run: ls > out.txt", "run: cd . && ls > out.txt", "in: .git | ls"]) {
        assert.match(yield* run(message), /\nneeds permission after 1 tool calls in ses_/u)
      }
    }),
  )

  it.effect("server.ts serves the fleet of the given directory", () =>
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

  it.effect.each(["http-server.ts", "http-routes.ts"])("%s serves callers with a token", (name) =>
    Effect.gen(function* () {
      const { relay } = yield* FleetClient
      const fs = yield* FileSystem.FileSystem
      const tokens = `${yield* fs.makeTempDirectoryScoped()}/tokens`
      yield* fs.writeFileString(tokens, "0123456789abcdef  laptop\n", { mode: 0o600 })
      const port = yield* freePort
      yield* ChildProcess.make(process.execPath, [example(name), relay.directory, tokens, String(port)], {
        env: relay.environment(),
      })
      const get = (path: string) =>
        Effect.promise(() => fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined))
      const refused = yield* eventually<Response | undefined>((answer) => answer !== undefined)(get("/mcp"))
      assert.strictEqual(refused?.status, 401)
      const client = yield* connectHttp({
        url: new URL(`http://127.0.0.1:${port}/mcp`),
        headers: { authorization: "Bearer 0123456789abcdef" },
      })
      const { instances } = yield* client.call(ListInstances)
      assert.include(
        instances.map(({ name }) => name),
        "main",
      )
      if (name === "http-server.ts") return
      const health = yield* get("/health")
      assert.deepStrictEqual(yield* Effect.promise(async () => health?.json()), { online: 1 })
    }),
  )

  it.effect("two-fleets.ts keeps its fleets apart", () =>
    Effect.gen(function* () {
      const { relay } = yield* FleetClient
      const fs = yield* FileSystem.FileSystem
      const staging = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(`${staging}/other.json`, '{"name": "other", "port": 4999}')
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const printed = yield* spawner.string(
        ChildProcess.make(process.execPath, [example("two-fleets.ts"), relay.directory, staging], {
          env: { ...relay.environment(), PRODUCTION_PASSWORD: "secret" },
        }),
      )
      assert.match(printed, /^production: .*main \(online\)/mu)
      assert.match(printed, /^staging: other \(unreachable\)$/mu)
    }),
  )

  it.effect("toolkit.ts serves its own tool, with progress", () =>
    Effect.gen(function* () {
      const { relay } = yield* FleetClient
      const raw = yield* startRaw(relay, { file: example("toolkit.ts") })
      yield* raw.initialize()
      const { result } = yield* raw.request("tools/call", { name: "roll_dice", arguments: { count: 2 } })
      assert.match(JSON.stringify(result), /"structuredContent":\{"rolled":\[[1-6],[1-6]\]\}/u)
    }),
  )

  it.effect("static-list.ts serves the instances in its file together with those that TRANSPORT finds", () =>
    Effect.gen(function* () {
      const { relay } = yield* FleetClient
      const opencode = yield* RealOpencode
      const fs = yield* FileSystem.FileSystem
      const list = `${yield* fs.makeTempDirectoryScoped()}/list.json`
      yield* fs.writeFileString(list, JSON.stringify([{ name: "listed", url: opencode.url }]))
      const raw = yield* startRaw(relay, { file: example("static-list.ts"), args: [list] })
      yield* raw.initialize()
      const shown = Effect.map(raw.request("tools/call", { name: "refresh_instances", arguments: {} }), (answer) =>
        JSON.stringify(answer.result),
      )
      assert.include(yield* shown, '"name":"listed","health":"online"')
      assert.include(yield* shown, '"transports":["static-list","local-relay"]')
      yield* fs.writeFileString(list, '[{"name": "listed", "url": "ftp://nowhere"}]')
      // The refresh may join one in progress that has already read the file.
      const broken = yield* shown.pipe(eventually((answer) => answer.includes("an http or https URL without a path")))
      assert.include(broken, '"name":"main","health":"online"')
    }),
  )
})
