/** The check of `doctor` of the server over HTTP. */
import { assert, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem } from "effect"
import { httpServerAt } from "../../../../src/cli/doctor/checks/httpServer.ts"
import { announceServer } from "../../../../src/cli/server/runningServers.ts"
import { ensureOwnToken } from "../../../../src/mcp/access/ownToken.ts"
import { ownTokenFile } from "../../../../src/settings/directories.ts"
import { Settings } from "../../../../src/Settings.ts"
import { answering, answeringJson, rawHttp } from "../../../support/rawHttp.ts"

const found = Effect.fnUntraced(function* (port: number, stateDirectory = "/nonexistent") {
  const check = httpServerAt({ host: "127.0.0.1", port })
  const settings = Settings.layerOf({ relayDirectory: "/relay", stateDirectory })
  return yield* Effect.provide(check.run, settings)
})

const refused = { jsonrpc: "2.0", error: { code: -32000, message: "A token is needed" }, id: null }

layer(NodeServices.layer, { excludeTestServices: true })("The server over HTTP", (it) => {
  it.effect.each([
    [401, "ok", "refuses a request without a token"],
    [503, "problem", "cannot check tokens"],
    [400, "warning", "lets in every program"],
  ] as const)("that answers with %i without a token: %s", ([status, state, message]) =>
    Effect.gen(function* () {
      const server = yield* rawHttp(() => answeringJson(refused, { status }))
      const [one] = yield* found(server.port)
      assert.strictEqual(one?.state, state)
      assert.include(one?.message, message)
      assert.notInclude(server.requests.map(({ headers }) => headers.toLowerCase()).join(), "authorization")
    }),
  )

  it.effect("is not there: neither nothing nor another program at its address is a finding", () =>
    Effect.gen(function* () {
      const other = yield* rawHttp(() => answering("<html>", { status: 401 }))
      assert.deepStrictEqual(yield* found(other.port), [])
      assert.deepStrictEqual(yield* found(1), [])
    }),
  )

  it.effect("is found at any address, and should answer while its process is running", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const state = yield* fs.makeTempDirectoryScoped()
      const server = yield* rawHttp(() => answeringJson(refused, { status: 401 }))
      yield* announceServer(state, { host: "127.0.0.1", port: server.port }, { kind: "own" })
      const [here] = yield* found(1, state)
      assert.strictEqual(here?.state, "ok")
      assert.include(here?.message, `http://127.0.0.1:${server.port}/mcp`)
      yield* announceServer(state, { host: "127.0.0.1", port: 1 }, { kind: "own" })
      const [gone] = yield* found(2, state)
      assert.strictEqual(gone?.state, "problem")
      assert.include(gone?.message, `(http://127.0.0.1:1/mcp, process ${process.pid}) does not answer`)
    }),
  )

  it.effect("must keep its token from others", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* ensureOwnToken(ownTokenFile(directory))
      assert.deepStrictEqual(yield* found(1, directory), [])
      yield* fs.chmod(ownTokenFile(directory), 0o644)
      const [one] = yield* found(1, directory)
      assert.strictEqual(one?.state, "problem")
      assert.include(one?.message, "can be read by other users")
    }),
  )
})
