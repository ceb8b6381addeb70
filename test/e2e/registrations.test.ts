/** The relay directory in all conditions: missing, with files that are not registrations, with ports without opencode. */
import { assert, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { ListInstances, RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { CreateSession, ListSessions } from "../../src/tools/sessions/SessionTools.ts"
import { makeRelay, type Relay } from "../support/Executable.ts"
import { freePort, silentServer, webServer } from "../support/loopback.ts"
import { connect, type McpClient } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import { within } from "../support/patience.ts"

const only = Effect.fnUntraced(function* (client: McpClient) {
  const { instances } = yield* client.call(ListInstances)
  assert.lengthOf(instances, 1)
  return instances[0]
})

/** Every file of the directory with its content, modification time and mode. */
const everything = Effect.fnUntraced(function* ({ directory }: Relay) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.forEach((yield* fs.readDirectory(directory)).toSorted(), (file) =>
    Effect.all({
      file: Effect.succeed(file),
      content: fs.readFile(`${directory}/${file}`),
      info: Effect.map(fs.stat(`${directory}/${file}`), ({ ino, mode, mtime }) => ({ ino, mode, mtime })),
    }),
  )
})

layer(NodeServices.layer, { excludeTestServices: true })("the relay directory", (it) => {
  it.effect("may not exist: the fleet is empty, a hint says how to start, and the directory is not created", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay({ exists: false })
      const client = yield* connect(relay)
      const fleet = yield* client.call(ListInstances)
      assert.deepStrictEqual(fleet.instances, [])
      assert.include(fleet.hint, relay.directory)
      assert.include(fleet.hint, "opencode-fleet connect")
      assert.include(yield* client.text(ListInstances), relay.directory)
      const { text } = yield* Effect.flip(client.call(ListSessions))
      assert.include(text, "list_instances")
      assert.isFalse(yield* fs.exists(relay.directory))
    }),
  )

  it.effect("may be created later, like its files: both are found long before the interval ends", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay({ exists: false })
      const client = yield* connect(relay, { variables: { DISCOVERY_INTERVAL_MS: "3600000" } })
      assert.lengthOf((yield* client.call(ListInstances)).instances, 0)
      yield* fs.makeDirectory(relay.directory)
      yield* relay.register("first", { port: yield* freePort })
      yield* client.call(ListInstances).pipe(eventually(({ instances }) => instances.length === 1))
      const second = yield* relay.register("second", { port: yield* freePort })
      yield* client.call(ListInstances).pipe(eventually(({ instances }) => instances.length === 2))
      yield* fs.remove(second)
      yield* client.call(ListInstances).pipe(eventually(({ instances }) => instances.length === 1))
    }),
  )

  it.effect("may hold files that are not registrations: each is reported and left untouched", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay()
      yield* relay.register("good", { port: yield* freePort })
      const bad = {
        "empty.json": "",
        "half.json": '{"name": "half", "po',
        "list.json": "[1, 2]",
        "no-port.json": '{"name": "no-port"}',
        "text-port.json": '{"name": "text-port", "port": "4096"}',
        "far-port.json": '{"name": "far-port", "port": 70000}',
        "no-name.json": '{"port": 4096}',
        "wrong-types.json": '{"name": 5, "port": {}, "cwd": [], "api": "two", "hostname": null}',
        "null.json": "null",
        "two.json": '{"name": "two", "port": 4096}{"name": "two", "port": 4097}',
        "large.json": JSON.stringify({ name: "large", port: 4096, more: "x".repeat(100_000) }),
        "huge.json": "x".repeat(10_000_000),
        "deep.json": "[".repeat(30_000),
        "binary.json": "\0\u001B[31m\uFFFD",
      }
      for (const [file, content] of Object.entries(bad)) yield* relay.write(file, content)
      yield* relay.write("notes.txt", "not meant for anybody")
      yield* fs.symlink("/etc/hostname", `${relay.directory}/link.json`)
      const links = ["loop.json", "back.json", "there.json", "dangling.json"]
      const before = yield* everything(relay)
      // Nothing can be read of these, and reading a pipe would wait for a writer.
      yield* fs.symlink("loop.json", `${relay.directory}/loop.json`)
      yield* fs.symlink("there.json", `${relay.directory}/back.json`)
      yield* fs.symlink("back.json", `${relay.directory}/there.json`)
      yield* fs.symlink("gone", `${relay.directory}/dangling.json`)
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      yield* spawner.exitCode(ChildProcess.make("mkfifo", [`${relay.directory}/pipe.json`]))
      yield* fs.makeDirectory(`${relay.directory}/directory.json`)
      const client = yield* connect(relay)
      const fleet = yield* client.call(RefreshInstances)
      assert.deepStrictEqual(
        fleet.instances.map(({ name }) => name),
        ["good"],
      )
      const problems = new Map(fleet.problems.map(({ reason, source }) => [source, reason]))
      for (const file of [...Object.keys(bad), "link.json", ...links, "pipe.json"]) {
        assert.isNotEmpty(problems.get(`${relay.directory}/${file}`), file)
      }
      assert.strictEqual(fleet.problem_count, Object.keys(bad).length + links.length + 2)
      assert.notInclude(JSON.stringify(fleet), "\\u001b")
      yield* Effect.forEach([...links, "pipe.json", "directory.json"], (file) =>
        fs.remove(`${relay.directory}/${file}`, { recursive: true }),
      )
      assert.deepStrictEqual(yield* everything(relay), before)
    }),
  )

  it.effect("may hold two registrations with the same name: both are listed, with distinct names", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      const ports = [yield* freePort, yield* freePort]
      yield* Effect.forEach(ports, (port, index) => relay.write(`${index}.json`, { name: "twin", port }))
      const client = yield* connect(relay)
      const names = Effect.map(client.call(RefreshInstances), ({ instances }) =>
        instances.map(({ name, url }) => `${name} ${url}`).toSorted(),
      )
      const first = yield* names
      assert.deepStrictEqual(first, ports.map((port) => `twin@${port} http://127.0.0.1:${port}`).toSorted())
      assert.deepStrictEqual(yield* names, first)
      const { text } = yield* Effect.flip(client.call(CreateSession, { instance: "twin" }))
      for (const port of ports) assert.include(text, `twin@${port}`)
    }),
  )

  it.effect(
    "may hold names that differ only in case: each is used as it is written, and any other case is ambiguous",
    () =>
      Effect.gen(function* () {
        const relay = yield* makeRelay()
        const [lower, upper] = [yield* freePort, yield* freePort]
        yield* relay.write("0.json", { name: "api", port: lower })
        yield* relay.write("1.json", { name: "API", port: upper })
        const client = yield* connect(relay)
        const told = (instance: string) =>
          Effect.map(Effect.flip(client.call(CreateSession, { instance })), ({ text }) => text)
        assert.include(yield* told("api"), `127.0.0.1:${lower}`)
        assert.include(yield* told("API"), `127.0.0.1:${upper}`)
        assert.include(yield* told("Api"), '"Api" matches several instances')
      }),
  )

  it.effect("may hold two registrations with the same port: they are one instance, that of the newer file", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay()
      const port = yield* freePort
      yield* fs.utimes(yield* relay.register("one", { port }), 0, 0)
      yield* relay.register("two", { port })
      const client = yield* connect(relay)
      assert.strictEqual((yield* only(client))?.name, "two")
    }),
  )
})

layer(NodeServices.layer, { excludeTestServices: true })("a registered port", (it) => {
  it.effect("where a web server answers is unhealthy", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      yield* relay.register("page", { port: yield* webServer })
      const client = yield* connect(relay)
      const instance = yield* only(client)
      assert.strictEqual(instance?.health, "unhealthy")
      assert.include(instance?.reason, "text/html")
      const { text } = yield* Effect.flip(client.call(CreateSession, { instance: "page" }))
      assert.include(text, "Another program may be listening on that port")
    }),
  )

  it.effect("where nothing listens is unreachable", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      yield* relay.register("gone", { port: yield* freePort })
      const client = yield* connect(relay)
      const instance = yield* only(client)
      assert.strictEqual(instance?.health, "unreachable")
      assert.include(instance?.reason, "ECONNREFUSED")
      const { text } = yield* Effect.flip(client.call(CreateSession, { instance: "gone" }))
      assert.include(text, "cannot be reached")
    }),
  )

  it.effect("where a server never answers is listed as timeout", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      yield* relay.register("silent", { port: yield* silentServer })
      const client = yield* connect(relay, { variables: { HEALTH_CHECK_TIMEOUT_MS: "300" } })
      const instance = yield* only(client)
      assert.strictEqual(instance?.health, "timeout")
      assert.include(instance?.reason, "0.3 s")
    }),
  )

  it.effect("where a server never answers delays neither initialize, nor tools/list, nor the exit", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      yield* relay.register("silent", { port: yield* silentServer })
      // Connecting includes both. Waiting for the probe, which may take ten minutes, would exceed the test's timeout.
      const client = yield* Effect.scoped(connect(relay, { variables: { HEALTH_CHECK_TIMEOUT_MS: "600000" } }))
      assert.include(client.tools, "list_instances")
    }).pipe(within("initialize, tools/list and the exit")),
  )
})
