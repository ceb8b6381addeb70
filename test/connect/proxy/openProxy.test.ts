/** The proxy in front of an opencode 2 service, over real HTTP; the service is a server of the test. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Redacted, Ref, type Scope } from "effect"
import {
  type ClientRequest,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as startRequest,
  type RequestListener,
  type RequestOptions,
} from "node:http"
import { connect } from "node:net"
import { gzipSync } from "node:zlib"
import { basicAuthorization } from "../../../src/connect/proxy/checkAuthorization.ts"
import { openProxy, ServiceAway } from "../../../src/connect/proxy/openProxy.ts"
import { freePort, listening } from "../../support/loopback.ts"
import { within } from "../../support/patience.ts"

const credentialsOf = (password: string, username = "opencode") => ({ username, password: Redacted.make(password) })
const fleet = credentialsOf("fleet's pässword", "me")
const authorization = basicAuthorization(fleet)
const service = basicAuthorization(credentialsOf("the machine's own"))

/** A server in place of opencode's service. */
const serving = (listener: RequestListener) => Effect.suspend(() => listening(createServer(listener)))

const upstreamAt = (port: number) => ({ host: "127.0.0.1", port, authorization: service })

/** A proxy to a server with this behaviour. Returns its port. */
const proxyTo = Effect.fnUntraced(function* (listener: RequestListener) {
  const port = yield* serving(listener)
  return yield* openProxy({ credentials: fleet, upstream: Effect.succeed(upstreamAt(port)) })
})

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Sends a request with the fleet's password. Interruption closes the connection. */
const start = (
  port: number,
  { body, ...options }: RequestOptions & { readonly body?: string | Buffer } = {},
  onRequest: (request: ClientRequest) => void = (request) => request.end(body),
) =>
  Effect.callback<IncomingMessage, Error>((resume) => {
    const headers = { authorization, ...(options.headers as IncomingHttpHeaders | undefined) }
    const request = startRequest({ host: "127.0.0.1", port, agent: false, ...options, headers })
    request.on("response", (answer) => resume(Effect.succeed(answer)))
    request.on("error", (error) => resume(Effect.fail(error)))
    onRequest(request)
    return Effect.sync(() => request.destroy())
  })

const read = (answer: IncomingMessage) =>
  Effect.callback<Answer, Error>((resume) => {
    const chunks: Array<Buffer> = []
    answer.on("data", (chunk: Buffer) => chunks.push(chunk))
    answer.on("error", (error) => resume(Effect.fail(error)))
    answer.on("end", () =>
      resume(Effect.succeed({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) })),
    )
  })

const ask = (...args: Parameters<typeof start>) => Effect.flatMap(start(...args), read)

/** Answers with what it received. */
const echo: RequestListener = (request, response) => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    const { headers, method, url } = request
    const body = Buffer.concat(chunks)
    response.end(JSON.stringify({ method, url, headers, length: body.length, body: body.toString().slice(0, 100) }))
  })
}
const echoed = (answer: Answer) => JSON.parse(answer.body.toString()) as Record<string, unknown>

const test = (title: string, program: Effect.Effect<void, unknown, Scope.Scope>) =>
  it.live(title, () => Effect.scoped(program))

describe("the proxy's password", () => {
  test(
    "is the fleet's: any other gets opencode's own 401, and nothing reaches the service",
    Effect.gen(function* () {
      let reached = 0
      const port = yield* proxyTo((_, response) => {
        reached++
        response.end()
      })
      const wrong = [
        undefined,
        "",
        "Basic",
        "Basic !!!",
        "Basic Og==",
        `Bearer ${authorization.slice(6)}`,
        service,
        basicAuthorization(credentialsOf("", "me")),
        basicAuthorization(credentialsOf("fleet's pässwor", "me")),
        basicAuthorization(credentialsOf("fleet's pässword!", "me")),
        basicAuthorization(credentialsOf("fleet's pässword", "you")),
      ]
      for (const one of wrong) {
        const { headers, status } = yield* ask(
          port,
          { headers: one === undefined ? {} : { authorization: one }, path: "/api/info?auth_token=x" },
          (request) => {
            if (one === undefined) request.removeHeader("authorization")
            request.end()
          },
        )
        assert.deepInclude({ status, ...headers }, { status: 401, "www-authenticate": 'Basic realm="Secure Area"' })
      }
      assert.strictEqual(reached, 0)
      for (const one of [
        authorization,
        `basic  ${authorization.slice(6)}`,
        basicAuthorization(credentialsOf("fleet's pässword")),
      ]) {
        assert.strictEqual((yield* ask(port, { headers: { authorization: one } })).status, 200)
      }
    }),
  )

  test(
    "is asked for before a body is read",
    Effect.gen(function* () {
      const port = yield* proxyTo(echo)
      let continued = false
      const { status } = yield* ask(
        port,
        {
          method: "POST",
          headers: { authorization: "Basic eA==", expect: "100-continue", "content-length": "1000000" },
        },
        (request) => {
          request.on("continue", () => (continued = true))
          request.flushHeaders()
        },
      )
      assert.deepStrictEqual({ status, continued }, { status: 401, continued: false })
    }),
  )
})

describe("a request", () => {
  test(
    "arrives unchanged, with the service's password in place of the fleet's, and without headers of the connection",
    Effect.gen(function* () {
      const port = yield* proxyTo(echo)
      const answer = yield* ask(port, {
        method: "PATCH",
        path: "/api/session/ses_1?location%5Bdirectory%5D=%2Fw%20x&a=1",
        headers: {
          "content-type": "application/json",
          "x-opencode-directory": "/work",
          connection: "close, x-private",
          "x-private": "1",
          "keep-alive": "timeout=5",
          te: "trailers",
          "proxy-authorization": "Basic abc",
          upgrade: "h2c",
        },
        body: '{"title":"é"}',
      })
      const { headers, ...rest } = echoed(answer)
      assert.deepStrictEqual(rest, {
        method: "PATCH",
        url: "/api/session/ses_1?location%5Bdirectory%5D=%2Fw%20x&a=1",
        length: 14,
        body: '{"title":"é"}',
      })
      const { host, ...received } = headers as Record<string, string>
      assert.match(host ?? "", /^127\.0\.0\.1:\d+$/u)
      assert.notStrictEqual(host, `127.0.0.1:${port}`)
      assert.deepStrictEqual(received, {
        authorization: service,
        "content-type": "application/json",
        "x-opencode-directory": "/work",
        "content-length": "14",
        connection: "close",
      })
    }),
  )

  test(
    "can be of any size and method, with and without a length",
    Effect.gen(function* () {
      const port = yield* proxyTo(echo)
      const large = Buffer.alloc(20_000_000, "x")
      assert.deepInclude(echoed(yield* ask(port, { method: "POST", body: large })), {
        method: "POST",
        length: 20_000_000,
      })
      for (const method of ["POST", "DELETE", "OPTIONS", "PUT"]) {
        const chunked = yield* ask(port, { method, headers: { "transfer-encoding": "chunked" } }, (request) => {
          request.write("ab")
          request.end("c")
        })
        assert.deepInclude(echoed(chunked), { method, body: "abc" })
        assert.deepInclude(echoed(yield* ask(port, { method })), { method, length: 0 })
      }
    }),
  )

  test(
    "that expects 100 gets it from the proxy",
    Effect.gen(function* () {
      const port = yield* proxyTo(echo)
      const answer = yield* ask(
        port,
        { method: "POST", headers: { expect: "100-continue", "content-length": "3" } },
        (request) => {
          request.on("continue", () => request.end("abc"))
          request.flushHeaders()
        },
      )
      assert.deepInclude(echoed(answer), { body: "abc" })
      assert.notProperty(echoed(answer)["headers"], "expect")
    }),
  )

  test(
    "to open a WebSocket is refused",
    Effect.gen(function* () {
      const port = yield* proxyTo(echo)
      const { body, status } = yield* ask(port, { headers: { connection: "upgrade", upgrade: "websocket" } })
      assert.strictEqual(status, 501)
      assert.include(body.toString(), "WebSockets")
    }),
  )

  test(
    "that names another host goes to the service all the same",
    Effect.gen(function* () {
      const port = yield* proxyTo(echo)
      assert.deepInclude(
        echoed(yield* ask(port, { path: "http://elsewhere.test/x", headers: { host: "elsewhere.test" } })),
        {
          url: "http://elsewhere.test/x",
        },
      )
    }),
  )
})

describe("an answer", () => {
  test(
    "arrives unchanged: status, compression, cookies, and no body where there is none",
    Effect.gen(function* () {
      const zipped = gzipSync("hello")
      const port = yield* proxyTo(({ method, url }, response) => {
        if (url === "/204") return response.writeHead(204).end()
        response.writeHead(418, "I am a teapot", {
          "content-encoding": "gzip",
          "content-length": zipped.length,
          "set-cookie": ["a=1", "b=2"],
          connection: "keep-alive, x-private",
          "x-private": "1",
        })
        return response.end(method === "HEAD" ? undefined : zipped)
      })
      const { body, headers, status } = yield* ask(port)
      assert.deepStrictEqual(body, zipped)
      assert.deepInclude(
        { status, ...headers },
        { status: 418, "content-encoding": "gzip", "set-cookie": ["a=1", "b=2"] },
      )
      assert.notProperty(headers, "x-private")
      const head = yield* ask(port, { method: "HEAD" })
      assert.deepInclude(
        { ...head.headers, body: head.body.length },
        { "content-length": String(zipped.length), body: 0 },
      )
      assert.deepInclude(yield* ask(port, { path: "/204" }), { status: 204, body: Buffer.alloc(0) })
    }),
  )

  test(
    "is streamed: each event arrives when it is sent, and the service notices that the client has gone",
    Effect.gen(function* () {
      const gone = yield* Deferred.make<void>()
      const sending = yield* Deferred.make<(text: string) => void>()
      const port = yield* proxyTo((_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.flushHeaders()
        response.on("close", () => Deferred.doneUnsafe(gone, Effect.void))
        Deferred.doneUnsafe(
          sending,
          Effect.succeed((text) => void response.write(text)),
        )
      })
      const answer = yield* start(port, { path: "/api/event" })
      assert.strictEqual(answer.headers["content-type"], "text/event-stream")
      const send = yield* Deferred.await(sending)
      for (const text of ["data: 1\n\n", ": heartbeat\n\n", "data: 2\n\n"]) {
        const received = Effect.callback<string>((resume) => {
          answer.once("data", (chunk: Buffer) => resume(Effect.succeed(chunk.toString())))
        })
        send(text)
        assert.strictEqual(yield* received, text)
      }
      answer.destroy()
      yield* Deferred.await(gone).pipe(within("the end of the connection"))
    }),
  )

  test(
    "that breaks off breaks off for the client, too",
    Effect.gen(function* () {
      const port = yield* proxyTo(({ url }, response) => {
        if (url === "/before") return response.destroy()
        response.writeHead(200, { "content-length": "100" })
        return response.write("half", () => response.destroy())
      })
      assert.include((yield* Effect.flip(ask(port, { path: "/before" }))).message, "socket hang up")
      assert.include((yield* Effect.flip(ask(port, { path: "/within" }))).message, "aborted")
    }),
  )

  test(
    "that comes before the whole request is read arrives",
    Effect.gen(function* () {
      const port = yield* proxyTo((_, response) => {
        response.shouldKeepAlive = false
        response.writeHead(413).end("too large")
      })
      const { body, status } = yield* ask(port, { method: "POST", headers: { "content-length": "100" } }, (request) => {
        request.write("x")
      })
      assert.deepStrictEqual({ status, body: body.toString() }, { status: 413, body: "too large" })
    }),
  )
})

/** A service that numbers its connections, and closes the first one when it is used for the second time. */
const numbering = () => {
  const numbers = new Map<unknown, number>()
  let requests = 0
  const listener: RequestListener = ({ socket }, response) => {
    requests++
    const isUsedAgain = numbers.has(socket)
    if (!isUsedAgain) numbers.set(socket, numbers.size + 1)
    if (isUsedAgain && numbers.get(socket) === 1) return void socket.destroy()
    response.end(String(numbers.get(socket)))
  }
  return { listener, requests: () => requests }
}
const text = ({ body }: Answer) => body.toString()

describe("the connections to the service", () => {
  test(
    "are shared by reads, and a read that meets the end of one is sent again",
    Effect.gen(function* () {
      const { listener, requests } = numbering()
      const port = yield* proxyTo(listener)
      assert.deepStrictEqual((yield* Effect.replicateEffect(ask(port), 3)).map(text), ["1", "2", "3"])
      assert.strictEqual(requests(), 4)
    }),
  )

  test(
    "are not shared by writes",
    Effect.gen(function* () {
      const { listener, requests } = numbering()
      const port = yield* proxyTo(listener)
      yield* ask(port)
      const write = ask(port, { method: "POST", body: "x" })
      assert.deepStrictEqual((yield* Effect.replicateEffect(write, 2)).map(text), ["2", "3"])
      assert.strictEqual(requests(), 3)
    }),
  )
})

describe("a service that is away", () => {
  test(
    "is a 503 with the reason; when it is back, elsewhere and with another password, requests reach it",
    Effect.gen(function* () {
      const current = yield* Ref.make<Effect.Effect<ReturnType<typeof upstreamAt>, ServiceAway>>(
        new ServiceAway({ reason: "is not running" }),
      )
      const port = yield* openProxy({ credentials: fleet, upstream: Effect.flatten(Ref.get(current)) })
      const away = yield* ask(port, { method: "POST", body: "abc" })
      assert.deepInclude({ status: away.status, ...away.headers }, { status: 503, "retry-after": "1" })
      assert.deepInclude(echoed(away), { code: "service_away", message: "opencode's service is not running" })

      yield* Ref.set(current, Effect.succeed(upstreamAt(yield* freePort)))
      const refused = yield* ask(port)
      assert.strictEqual(refused.status, 503)
      assert.include(refused.body.toString(), "refuses connections (ECONNREFUSED)")

      yield* Ref.set(current, Effect.succeed({ ...upstreamAt(yield* serving(echo)), authorization: "Basic new" }))
      assert.deepInclude(echoed(yield* ask(port))["headers"], { authorization: "Basic new" })
    }),
  )
})

describe("at the end of its scope", () => {
  test(
    "closes every connection and its port",
    Effect.gen(function* () {
      const upstream = yield* serving((_, response) => void response.writeHead(200).write("open"))
      const { answer, port } = yield* Effect.scoped(
        Effect.gen(function* () {
          const port = yield* openProxy({ credentials: fleet, upstream: Effect.succeed(upstreamAt(upstream)) })
          const answer = yield* start(port)
          return { answer, port }
        }),
      )
      assert.include((yield* Effect.flip(read(answer))).message, "aborted")
      const refused = yield* Effect.callback<string>((resume) => {
        connect(port, "127.0.0.1").on("error", ({ message }) => resume(Effect.succeed(message)))
      })
      assert.include(refused, "ECONNREFUSED")
    }),
  )
})
