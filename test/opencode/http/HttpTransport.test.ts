/** What only real sockets show: error codes of the operating system, redirects, and closed streams. */
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { HttpServer } from "effect/http"
import { createServer, type RequestListener } from "node:http"
import * as HttpTransport from "../../../src/opencode/http/HttpTransport.ts"
import { OpencodeClient } from "../../../src/opencode/Opencode.ts"
import * as OpencodeV1 from "../../../src/opencode/v1/OpencodeV1.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { target } from "../../support/overFake.ts"
import { here, msg, session } from "../../../src/testing/samples.ts"
import { listening } from "../../support/loopback.ts"

const client = OpencodeV1.layer.pipe(Layer.provide(HttpTransport.layer))

/** The URL of a server with this request listener. It stops when the scope closes. */
const serving = (listener: RequestListener) =>
  Effect.map(
    Effect.suspend(() => listening(createServer(listener))),
    (port) => `http://127.0.0.1:${port}`,
  )

const at = (url: string) => Effect.map(OpencodeClient, (client) => client.at({ ...target, url }))

const prompt = { messageID: msg("1"), text: "Do it" }

describe("Over real sockets", () => {
  it.live("a port without a listener refuses the connection, and nothing has arrived", () =>
    Effect.gen(function* () {
      const url = yield* Effect.scoped(serving(() => undefined))
      const error = yield* Effect.flip((yield* at(url)).prompt(here, prompt))
      assert.isTrue(error._tag === "InstanceUnreachable" && !error.mayHaveArrived, error.message)
    }).pipe(Effect.provide(client)),
  )

  it.live("a prompt on a connection that is reset may have arrived, and is sent once", () =>
    Effect.gen(function* () {
      let seen = 0
      const url = yield* serving((request) => {
        if (request.method === "POST") seen++
        request.socket.destroy()
      })
      const error = yield* Effect.flip((yield* at(url)).prompt(here, prompt))
      assert.isTrue(error._tag === "InstanceUnreachable" && error.mayHaveArrived, error.message)
      assert.strictEqual(seen, 1)
    }).pipe(Effect.provide(client)),
  )

  it.live("a truncated answer is a typed error, not a defect", () =>
    Effect.gen(function* () {
      const url = yield* serving((_request, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
        response.write('{"id":')
        setImmediate(() => response.destroy())
      })
      const error = yield* Effect.flip((yield* at(url)).session(here))
      assert.include(["InstanceUnreachable", "UnexpectedResponse"], error._tag)
    }).pipe(Effect.provide(client)),
  )

  it.live("a redirect is not followed, so that no other server gets the prompt", () =>
    Effect.gen(function* () {
      let stolen = 0
      const elsewhere = yield* serving((_request, response) => {
        stolen++
        response.end()
      })
      const url = yield* serving((_request, response) => {
        response.writeHead(307, { location: elsewhere }).end()
      })
      const error = yield* Effect.flip((yield* at(url)).prompt(here, prompt))
      assert.isTrue(error._tag === "UnexpectedResponse" && error.status === 307, error.message)
      assert.include(error.message, `redirects to "${elsewhere}`)
      assert.strictEqual(stolen, 0)
    }).pipe(Effect.provide(client)),
  )

  it.live("a server of another protocol counts as another program, not as unreachable", () =>
    Effect.gen(function* () {
      const url = yield* serving((request) => request.socket.end("SSH-2.0-OpenSSH_9.2\r\n"))
      const error = yield* Effect.flip((yield* at(url)).health(1000))
      assert.isTrue(error._tag === "UnexpectedResponse" && error.detail.startsWith("not HTTP"), error.message)
    }).pipe(Effect.provide(client)),
  )

  it.live("a health check reads at most 64 KiB", () =>
    Effect.gen(function* () {
      const version = "1".repeat(100_000)
      const url = yield* serving((_request, response) => {
        response.writeHead(200, { "content-type": "application/json" })
        response.end(JSON.stringify({ healthy: true, version }))
      })
      const error = yield* Effect.flip((yield* at(url)).health(1000))
      assert.strictEqual(error._tag, "UnexpectedResponse", error.message)
    }).pipe(Effect.provide(client)),
  )

  const onPort = FakeOpencode.layerServer.pipe(
    Layer.provideMerge(
      NodeHttpServer.layer(() => createServer(), {
        port: 0,
        host: "127.0.0.1",
        gracefulShutdownTimeout: "20 millis",
      }),
    ),
    Layer.provideMerge(FakeOpencode.layer),
    Layer.merge(client),
  )

  it.live("the fake answers on a port and notices that its event stream is closed", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("main")]
      const opencode = yield* at(HttpServer.formatAddress((yield* HttpServer.HttpServer).address))
      assert.deepStrictEqual(yield* opencode.session(here), session("main"))
      const first = yield* Stream.runHead(yield* opencode.events)
      assert.strictEqual(first._tag === "Some" ? first.value._tag : "none", "Connected")
      yield* Effect.repeat(
        Effect.andThen(
          Effect.yieldNow,
          Effect.sync(() => fake.connections.size),
        ),
        { until: (open) => open === 0 },
      )
    }).pipe(Effect.provide(onPort)),
  )
})
