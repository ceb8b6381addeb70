/** Requests to instances take the direct way, whatever proxy the environment names. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { createServer } from "node:net"
import { makeRelay } from "../support/Executable.ts"
import { close, listen } from "../support/loopback.ts"
import { answering, answeringJson, type RawRequest, rawHttp } from "../support/rawHttp.ts"
import { startRaw } from "../support/RawServer.ts"

/** A proxy that must not be asked, and the bytes that it received. */
const trap = Effect.gen(function* () {
  const received: Array<string> = []
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy())
    socket.on("data", (chunk) => {
      received.push(chunk.toString())
      socket.destroy()
    })
  })
  const port = yield* Effect.acquireRelease(listen(server), () => close(server))
  return { url: `http://127.0.0.1:${port}`, received }
})

const created = { id: "ses_new1", title: "New", directory: "/work/shop", time: { created: 1, updated: 1 } }

const opencode1 = ({ method, path }: RawRequest) => {
  if (path.startsWith("/global/health")) return answeringJson({ healthy: true, version: "1.18.33" })
  if (path.startsWith("/path")) return answeringJson({ directory: "/work/shop", worktree: "/" })
  if (path.startsWith("/session/status")) return answeringJson({})
  if (path.startsWith("/session") && method === "POST") return answeringJson(created)
  if (/^\/(?:session|permission|question)(?:\?|$)/u.test(path)) return answeringJson([])
  return answering("<!doctype html>", { type: "text/html" })
}

layer(NodeServices.layer, { excludeTestServices: true })("With the proxy of a company in the environment", (it) => {
  it.effect("instances are asked directly, and the proxy receives nothing", () =>
    Effect.gen(function* () {
      const { received, url: proxy } = yield* trap
      const opencode = yield* rawHttp(opencode1)
      const relay = yield* makeRelay()
      yield* relay.register("shop", { port: opencode.port, directory: "/work/shop" })
      const variables = {
        NODE_USE_ENV_PROXY: "1",
        NODE_OPTIONS: "--use-env-proxy",
        OPENCODE_SERVER_PASSWORD: "hunter2-Zk9",
        HTTP_PROXY: proxy,
        HTTPS_PROXY: proxy,
        ALL_PROXY: proxy,
        http_proxy: proxy,
        https_proxy: proxy,
        all_proxy: proxy,
      }
      const server = yield* startRaw(relay, { variables })
      yield* server.initialize()
      const call = (name: string, parameters: object) =>
        Effect.map(server.request("tools/call", { name, arguments: parameters }), ({ result }) =>
          JSON.stringify(result),
        )
      assert.include(yield* call("refresh_instances", {}), "online")
      assert.include(yield* call("list_sessions", { instance: "shop" }), "sessions")
      assert.include(yield* call("create_session", { instance: "shop" }), "ses_new1")
      assert.deepStrictEqual(received, [])
      assert.isAtLeast(opencode.requests.length, 3)
    }),
  )
})
