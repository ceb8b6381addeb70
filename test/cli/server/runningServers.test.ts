/** How `doctor` and `config CLIENT --http` find the servers over HTTP of this user. */
import { NodeServices } from "@effect/platform-node"
import { assert, it, layer } from "@effect/vitest"
import { Effect, FileSystem, Option } from "effect"
import { remoteOf } from "../../../src/cli/clients/remote.ts"
import {
  announceServer,
  leadsTo,
  localUrl,
  runningServers,
  type ServerAccess,
} from "../../../src/cli/server/runningServers.ts"
import { defaultAddress } from "../../../src/cli/arguments/listenAddress.ts"
import { LocalMachine } from "../../../src/machine/LocalMachine.ts"
import { Settings } from "../../../src/Settings.ts"

it.each([
  [{ host: "127.0.0.1", port: 5555 }, "http://127.0.0.1:5555/mcp"],
  [{ host: "localhost", port: 5555 }, "http://localhost:5555/mcp"],
  [{ host: "0.0.0.0", port: 5555 }, "http://127.0.0.1:5555/mcp"],
  [{ host: "::", port: 5555 }, "http://[::1]:5555/mcp"],
  [{ host: "192.168.1.5", port: 5555 }, "http://192.168.1.5:5555/mcp"],
])("A server that listens on %j is reached at %s", (address, url) => {
  assert.strictEqual(localUrl(address), url)
})

const at = (port: number) => ({ host: "127.0.0.1", port })

/** As a server with another process id would write it. */
const leave = Effect.fnUntraced(function* (
  state: string,
  pid: number,
  port: number,
  since: number,
  { access = { kind: "own" }, birth = "b" }: { readonly access?: ServerAccess; readonly birth?: string } = {},
) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.makeDirectory(`${state}/http`, { recursive: true })
  const server = { url: localUrl(at(port)), access, pid, birth, since }
  yield* fs.writeFileString(`${state}/http/${pid}.json`, JSON.stringify(server))
})

/** Processes 1 and 2, which were started at `b`, and this one are running. */
const machine = {
  hostname: "here",
  isAlive: (pid: number, birth?: string) => pid === process.pid || (pid < 3 && birth === "b"),
  birthOf: () => "b",
  addresses: () => [],
}

it.each([
  ["http://localhost:4180/mcp", true],
  ["http://[::1]:4180/mcp", true],
  ["http://127.0.0.1:4181/mcp", false],
  ["http://192.168.1.5:4180/mcp", false],
])("%s is the server at the usual address: %s", (url, expected) => {
  assert.strictEqual(leadsTo(url, defaultAddress.port), expected)
})

const urls = (state: string) => Effect.map(runningServers(state), (all) => all.map(({ url }) => url))

const input = { url: Option.none(), login: false, tokenFile: Option.none() }

layer(NodeServices.layer, { excludeTestServices: true })("A server over HTTP", (it) => {
  const scene = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

  const here = Effect.provideService(LocalMachine, machine)

  it.effect("is known to this user alone, while it listens", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const state = `${yield* scene}/state`
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* announceServer(state, at(5555), { kind: "own" })
          assert.deepStrictEqual(yield* urls(state), ["http://127.0.0.1:5555/mcp"])
          const { mode } = yield* fs.stat(`${state}/http/${process.pid}.json`)
          assert.strictEqual(mode & 0o777, 0o600)
        }),
      )
      assert.deepStrictEqual(yield* fs.readDirectory(`${state}/http`), [])
    }).pipe(here),
  )

  it.effect(
    "that was killed is ignored, also if another program has its process id, and forgotten by the next one",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const state = yield* scene
        yield* leave(state, 1, 5001, 1)
        yield* leave(state, 2, 5002, 2, { birth: "of an earlier process" })
        yield* leave(state, 9, 5009, 3)
        yield* fs.writeFileString(`${state}/http/7.json`, "{")
        assert.deepStrictEqual(yield* urls(state), ["http://127.0.0.1:5001/mcp"])
        yield* announceServer(state, at(5555), { kind: "own" })
        const left = yield* fs.readDirectory(`${state}/http`)
        assert.deepStrictEqual(left.toSorted(), ["1.json", "7.json", `${process.pid}.json`].toSorted())
      }).pipe(Effect.scoped, here),
  )

  it.effect("serves also if the state directory cannot be written", () =>
    Effect.gen(function* () {
      yield* announceServer("/dev/null/state", at(5555), { kind: "own" })
      assert.deepStrictEqual(yield* urls("/dev/null/state"), [])
    }).pipe(Effect.scoped, here),
  )

  it.effect("is configured with what it asks for, and no token is made that it would refuse", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const state = yield* scene
      const settings = Settings.layerOf({ relayDirectory: "/relay", stateDirectory: state })
      const source = Effect.provide(
        Effect.map(remoteOf(input), (remote) => remote.source),
        settings,
      )
      const publicUrl = "https://fleet.example.com/mcp"
      yield* leave(state, 1, 5001, 1, { access: { kind: "login", url: publicUrl } })
      assert.deepStrictEqual(yield* source, { kind: "login" })
      const given = { ...input, url: Option.some("http://localhost:5001/mcp") }
      assert.strictEqual((yield* Effect.provide(remoteOf(given), settings)).url, publicUrl)
      const file = `${state}/tokens`
      yield* fs.writeFileString(file, `${"t0ken-".repeat(4)} laptop\n`, { mode: 0o600 })
      yield* leave(state, 2, 5002, 2, { access: { kind: "file", file } })
      assert.deepInclude(yield* source, { kind: "file", file })
      assert.notInclude(yield* fs.readDirectory(state), "http-token")
    }).pipe(here),
  )

  it.effect("is what a client is configured for: at the usual address, else the newest one", () =>
    Effect.gen(function* () {
      const state = yield* scene
      const remote = Effect.provide(
        Effect.map(remoteOf(input), ({ isExpected, others, url }) => ({
          url,
          others,
          ...(isExpected ? { isExpected } : {}),
        })),
        Settings.layerOf({ relayDirectory: "/relay", stateDirectory: state }),
      )
      const [usual = "", one = "", two = ""] = [4180, 5001, 5002].map((port) => localUrl(at(port)))
      assert.deepStrictEqual(yield* remote, { url: usual, others: [], isExpected: true })
      yield* leave(state, 1, 5001, 1)
      assert.deepStrictEqual(yield* remote, { url: one, others: [] })
      yield* leave(state, 2, 5002, 2)
      assert.deepStrictEqual(yield* remote, { url: two, others: [one] })
      yield* leave(state, process.pid, 4180, 0)
      assert.deepStrictEqual(yield* remote, { url: usual, others: [two, one] })
    }).pipe(here),
  )
})
