/** The pings of the relay's script, and the programs that the script needs. */
import { NodeHttpServer, NodeServices } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { HttpServer } from "effect/http"
import { createServer } from "node:http"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { proxyPage, redirect, unauthorized } from "../../../src/testing/Fault.ts"
import { freePort } from "../../support/loopback.ts"
import { find } from "../../support/requirements.ts"
import { makeHome, startShell } from "./relayShell.ts"

const fakeOnPort = FakeOpencode.layerServer.pipe(
  Layer.provideMerge(
    NodeHttpServer.layer(() => createServer(), {
      port: 0,
      host: "127.0.0.1",
      gracefulShutdownTimeout: "20 millis",
    }),
  ),
  Layer.provideMerge(FakeOpencode.layer),
)

const fakesPort = Effect.map(HttpServer.HttpServer, ({ address }) => ("port" in address ? address.port : 0))

/** A PATH with these programs and the test's own scripts. */
const makePath = Effect.fnUntraced(function* (programs: ReadonlyArray<string>, own: Record<string, string> = {}) {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "path-" })
  for (const program of programs) yield* fs.symlink(find(program) ?? "", `${directory}/${program}`)
  for (const [program, lines] of Object.entries(own)) {
    yield* fs.writeFileString(`${directory}/${program}`, `#!${find("sh")}\n${lines}\n`, { mode: 0o755 })
  }
  return directory
})

/** The answer to a ping of this port. */
const ping = Effect.fnUntraced(function* (port: number, env: Record<string, string> = {}) {
  const home = yield* makeHome
  const relay = yield* startShell(home, { env })
  yield* relay.put("{}", { port })
  return yield* relay.ask("ping")
})

describe.skipIf(find("curl") === undefined)("A ping with curl", () => {
  layer(NodeServices.layer, { excludeTestServices: true })((it) => {
    it.effect("returns opencode's status", () =>
      Effect.gen(function* () {
        const fake = yield* FakeOpencode
        assert.strictEqual(yield* ping(yield* fakesPort), "pong 200")
        assert.strictEqual(fake.count("GET /global/health"), 1)
      }).pipe(Effect.provide(fakeOnPort)),
    )

    it.effect.each([
      ["401", unauthorized],
      ["503", proxyPage(503)],
      // A redirect is not followed.
      ["307", redirect],
    ] as const)("tells a %s from no answer", ([code, fault]) =>
      Effect.gen(function* () {
        const fake = yield* FakeOpencode
        fake.fail("GET /global/health", fault)
        assert.strictEqual(yield* ping(yield* fakesPort), `pong ${code}`)
      }).pipe(Effect.provide(fakeOnPort)),
    )

    it.effect("asks for the route that was given with the registration", () =>
      Effect.gen(function* () {
        const fake = yield* FakeOpencode
        const home = yield* makeHome
        const relay = yield* startShell(home)
        yield* relay.put("{}", { port: yield* fakesPort, route: "/path" })
        assert.strictEqual(yield* relay.ask("ping"), "pong 200")
        assert.strictEqual(fake.count("GET /path"), 1)
      }).pipe(Effect.provide(fakeOnPort)),
    )

    it.effect("returns 000 if no program listens", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ping(yield* freePort), "pong 000")
      }),
    )

    it.effect("ignores proxies and the user's .curlrc", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const proxy = `http://127.0.0.1:${yield* freePort}`
        const home = yield* makeHome
        yield* fs.writeFileString(`${home}/.curlrc`, 'dump-header = "-"\nhead\nfail-early\n')
        const variables = { http_proxy: proxy, HTTP_PROXY: proxy, ALL_PROXY: proxy, all_proxy: proxy }
        const relay = yield* startShell(home, { env: variables })
        yield* relay.put("{}", { port: yield* fakesPort })
        assert.deepStrictEqual([yield* relay.ask("ping"), yield* relay.ask("ping")], ["pong 200", "pong 200"])
      }).pipe(Effect.provide(fakeOnPort)),
    )
  })
})

layer(NodeServices.layer, { excludeTestServices: true })("The relay's script", (it) => {
  it.effect("without curl reports only whether the registration exists", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* makeHome
      const relay = yield* startShell(home, { env: { PATH: yield* makePath(["mkdir", "mv", "rm"]) } })
      assert.strictEqual(yield* relay.ask("ping"), "pong gone")
      const file = (yield* relay.put("{}")).replace(/^put /u, "")
      assert.strictEqual(yield* relay.ask("ping"), "pong none")
      yield* fs.remove(file)
      assert.strictEqual(yield* relay.ask("ping"), "pong gone")
      yield* relay.put("{}")
      assert.strictEqual(yield* relay.ask("ping"), "pong none")
    }),
  )

  it.effect.each(["mv", "rm", "mkdir"])("leaves no partial file if %s fails", (broken) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* makeHome
      const directory = `${home}/relay`
      yield* fs.makeDirectory(directory)
      const others = ["mkdir", "mv", "rm"].filter((program) => program !== broken)
      const relay = yield* startShell(home, { env: { PATH: yield* makePath(others, { [broken]: "exit 1" }) } })
      assert.match(yield* relay.put("{}", { directory }), broken === "rm" ? /^put / : /^failed .*cannot be/u)
      assert.deepStrictEqual(yield* fs.readDirectory(directory), broken === "rm" ? ["api.json"] : [])
    }),
  )

  it.effect("does not write through a link in place of its draft", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* makeHome
      const directory = `${home}/relay`
      yield* fs.makeDirectory(directory)
      yield* fs.writeFileString(`${home}/precious`, "precious")
      // The draft's name contains the shell's process id.
      const relay = yield* startShell(home, {
        before: `ln -s "$HOME/precious" "$HOME/relay/.one.json.$$.new"; mkdir "$HOME/relay/.two.json.$$.new"\n`,
      })
      assert.strictEqual(yield* relay.put("{}", { directory, file: "one.json" }), `put ${directory}/one.json`)
      assert.match(yield* relay.put("{}", { directory, file: "two.json" }), /cannot be written: ./u)
      assert.strictEqual(yield* fs.readFileString(`${home}/precious`), "precious")
      assert.strictEqual((yield* fs.lstat(`${directory}/one.json`)).type, "File")
    }),
  )
})
