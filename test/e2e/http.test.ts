/** The executable as a server over HTTP: clients of both eras, one real opencode. */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option } from "effect"
import { connect as connectSocket } from "node:net"
import { ListInstances } from "../../src/tools/instances/InstanceTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { cuttableFetch } from "../support/cuttableFetch.ts"
import { makeRelay } from "../support/Executable.ts"
import * as facts from "../support/facts.ts"
import { serveHttp } from "../support/HttpServed.ts"
import { connectHttp, kinds, type Person, type Progress } from "../support/McpClients.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { meta2026 } from "../support/meta2026.ts"

/** A call of 2026-07-28 ends with its connection. */
const isResumable = ({ kind }: { readonly kind: (typeof kinds)[number] }) => kind !== "SDK 2 of 2026-07-28"

const newSession = Effect.fnUntraced(function* (title: string) {
  return (yield* facts.createSession(yield* RealOpencode, title)).id
})

const served = Effect.gen(function* () {
  const relay = yield* makeRelay()
  yield* relay.register("main", yield* RealOpencode)
  return yield* serveHttp(relay)
})

const allows: Person = () => Effect.succeed({ action: "accept", content: { decision: "once" } })

const command = "echo from-$((40 + 2))"

/** Sends bytes, and returns what came back until the first empty line or the end. */
const raw = (port: number, text: string) =>
  Effect.callback<string>((resume) => {
    let received = ""
    const socket = connectSocket(port, "127.0.0.1", () => socket.write(text.replaceAll("\n", "\r\n")))
    const end = () => resume(Effect.succeed(received))
    socket.on("data", (chunk) => {
      received += chunk.toString()
      if (received.includes("\r\n\r\n")) end()
    })
    socket.on("close", end)
    socket.on("error", end)
    return Effect.sync(() => socket.destroy())
  })

const post = (body: string, headers = "") =>
  `POST /mcp HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\nAccept: application/json, text/event-stream\n${headers}Content-Length: ${body.length}\n\n${body}`

const list = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" })

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
})

const discover = (name: string) =>
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "server/discover",
    params: {
      _meta: meta2026({}, { name, version: "1" }),
    },
  })
const modern = "MCP-Protocol-Version: 2026-07-28\nMcp-Method: server/discover\n"

const requests: ReadonlyArray<readonly [what: string, status: number, request: string]> = [
  ["initialize", 200, post(initialize)],
  ["initialize of a page of this machine", 200, post(initialize, "Origin: http://localhost:3000\n")],
  ["a foreign Host", 403, "GET /mcp HTTP/1.1\nHost: evil.example\n\n"],
  ["a foreign Host elsewhere", 403, "GET /nowhere HTTP/1.1\nHost: evil.example\n\n"],
  ["no Host", 400, "GET /mcp HTTP/1.1\n\n"],
  ["an empty Host", 403, "GET /mcp HTTP/1.1\nHost:\n\n"],
  ["no Host in HTTP/1.0", 403, "GET /mcp HTTP/1.0\n\n"],
  ["a foreign target", 403, "GET http://evil.example/mcp HTTP/1.1\nHost: 127.0.0.1\n\n"],
  ["a foreign Origin", 403, post(initialize, "Origin: https://evil.example\n")],
  ["an Origin without a name", 403, post(initialize, "Origin: null\n")],
  ["a page of another port, elsewhere", 403, "POST / HTTP/1.1\nHost: 127.0.0.1\nOrigin: http://localhost:3000\n\n"],
  ["two Hosts", 400, post(initialize, "Host: evil.example\n")],
  ["two Origins", 400, post(initialize, "Origin: http://127.0.0.1\nOrigin: https://evil.example\n")],
  ["two tokens", 400, post(initialize, "Authorization: Bearer one\nAuthorization: Bearer two\n")],
  ["text", 415, post(initialize).replace("application/json\n", "text/plain\n")],
  ["no JSON", 400, post("{")],
  ["2 MiB", 413, post(JSON.stringify("x".repeat(2 * 1024 * 1024)))],
  [
    "2 MiB in chunks",
    413,
    post("").replace("Content-Length: 0", "Transfer-Encoding: chunked") + `200000\n${"x".repeat(0x200000)}\n0\n\n`,
  ],
  ["a long header", 431, post(initialize, `X-Long: ${"x".repeat(20_000)}\n`)],
  ["no session", 400, post(list)],
  ["a session of another server", 404, post(list, "Mcp-Session-Id: 1234\n")],
  ["PUT", 405, "PUT /mcp HTTP/1.1\nHost: 127.0.0.1\n\n"],
  ["HEAD", 405, "HEAD /mcp HTTP/1.1\nHost: 127.0.0.1\n\n"],
  ["OPTIONS", 405, "OPTIONS /mcp HTTP/1.1\nHost: 127.0.0.1\n\n"],
  ["another path", 404, "GET /nowhere HTTP/1.1\nHost: 127.0.0.1\n\n"],
  ["the revision of 2026", 200, post(discover("any"), modern)],
  ["the revision of 2026 without its header", 400, post(discover("any"), modern.replace(/Mcp-Method.*\n/u, ""))],
  ["the revision of 2026 from a client that would lose calls", 400, post(discover("claude-code"), modern)],
]

layer(RealOpencode.layer({ permission: "ask" }), { excludeTestServices: true })("serve --http", (it) => {
  it.effect("serves all clients at once; sessions survive a restart of the server; the end answers the calls", () =>
    Effect.gen(function* () {
      const opencode = yield* RealOpencode
      const server = yield* served
      const clients = yield* Effect.forEach(kinds, (kind) =>
        Effect.map(connectHttp(server, { kind, person: allows }), (client) => ({ ...client, kind })),
      )

      /** A turn with a form, and progress. */
      const works = Effect.fnUntraced(function* ({ call, kind }: (typeof clients)[number], title: string) {
        const session_id = yield* newSession(title)
        const progress: Array<Progress> = []
        const turn = yield* call(SendMessage, { session_id, message: `run: ${command}` }, (each) => progress.push(each))
        assert.strictEqual(turn.outcome, "completed", kind)
        assert.include(turn.text, "Done: from-42")
        assert.isNotEmpty(progress)
        assert.match(turn.decided?.[0] ?? "", /^allowed once/u)
      })

      yield* Effect.forEach(clients, (client) => works(client, "First"), { concurrency: "unbounded" })

      /** Starts a call of each client that waits for an agent. */
      const wait = (waiting: ReadonlyArray<(typeof clients)[number]>) =>
        Effect.forEach(waiting, (client) =>
          Effect.gen(function* () {
            const session_id = yield* newSession("Cut off")
            const begun = yield* Deferred.make<void>()
            const answer = yield* Effect.forkChild(
              Effect.flip(
                client.call(SendMessage, { session_id, message: "slow: 600" }, ({ message = "" }) => {
                  if (message.includes("tick")) Deferred.doneUnsafe(begun, Effect.void)
                }),
              ),
            )
            yield* Deferred.await(begun)
            return { answer, session_id }
          }),
        )

      const killed = yield* wait(clients.filter(isResumable))
      yield* server.end("SIGKILL")
      yield* server.startAgain
      for (const { answer, session_id } of killed) {
        assert.include((yield* Fiber.join(answer)).text, "the agent keeps working on it")
        assert.strictEqual(yield* facts.status(opencode, session_id), "busy")
        yield* facts.abort(opencode, session_id)
      }
      yield* Effect.forEach(clients, (client) => works(client, "After a restart"), { concurrency: "unbounded" })

      const waiting = yield* wait(clients)
      const status = yield* server.end("SIGTERM")
      for (const { answer, session_id } of waiting) {
        assert.include((yield* Fiber.join(answer)).text, `the agent of session ${session_id} keeps working on it`)
        assert.strictEqual(yield* facts.status(opencode, session_id), "busy")
        yield* facts.abort(opencode, session_id)
      }
      assert.deepStrictEqual(status, Option.some(0))
      assert.strictEqual(yield* server.stdout, "")
      yield* server.startAgain
      yield* Effect.forEach(clients, (client) => client.call(ListInstances))
    }),
  )

  it.effect.each(kinds.filter((kind) => isResumable({ kind })))("a cut connection of %s loses nothing", (kind) =>
    Effect.gen(function* () {
      const opencode = yield* RealOpencode
      const server = yield* served
      const { cut, fetch } = cuttableFetch()
      const client = yield* connectHttp({ url: server.url, fetch }, { kind })
      const session_id = yield* newSession("Cut")
      let isCut = false
      const turn = yield* client.call(SendMessage, { session_id, message: "slow: 20" }, ({ message = "" }) => {
        if (isCut || !message.includes("tick 3")) return
        isCut = true
        cut()
      })
      assert.isTrue(isCut)
      assert.strictEqual(turn.outcome, "completed")
      assert.include(turn.text, "tick 20")
      const texts = yield* facts.texts(opencode, session_id)
      assert.lengthOf(
        texts.filter((text) => text === "slow: 20"),
        1,
      )
    }),
  )

  it.effect("answers whatever is sent", () =>
    Effect.gen(function* () {
      const { port, stderr } = yield* served
      for (const [what, status, request] of requests) {
        assert.match(yield* raw(port, request), new RegExp(`^HTTP/1.1 ${status} `, "u"), what)
      }
      assert.notInclude(yield* stderr, "evil.example")
    }),
  )
})
