/**
 * An MCP client over HTTP that costs little: one connection, and no more of an answer is read than whether it is a result.
 * It has a session of 2025-11-25, or sends independent requests of 2026-07-28.
 */
import { Data, Effect } from "effect"
import { Agent, type IncomingMessage, request } from "node:http"
import { text } from "node:stream/consumers"
import { meta2026 } from "../../test/support/meta2026.ts"

export const eras = ["2025-11-25", "2026-07-28"] as const
export type Era = (typeof eras)[number]

export class CallFailed extends Data.TaggedError("CallFailed")<{ readonly message: string }> {}

type Headers = Readonly<Record<string, string>>

const clientInfo = { name: "bench", version: "0.0.0" }

const send = (url: string, agent: Agent, method: "GET" | "POST", headers: Headers, message?: object) =>
  Effect.tryPromise({
    try: () =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const body = message === undefined ? "" : JSON.stringify({ jsonrpc: "2.0", ...message })
        const accept = method === "GET" ? "text/event-stream" : "application/json, text/event-stream"
        const all = {
          ...headers,
          accept,
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
        }
        request(url, { agent, method, headers: all }, resolve).on("error", reject).end(body)
      }),
    catch: (error) => new CallFailed({ message: String(error) }),
  })

const read = Effect.fnUntraced(function* (response: IncomingMessage) {
  const body = yield* Effect.promise(() => text(response))
  return body.includes('"result"') && !body.includes('"isError":true')
    ? body
    : yield* new CallFailed({ message: `${response.statusCode} ${body.slice(0, 300)}` })
})

export const openClient = Effect.fnUntraced(function* (url: string, era: Era) {
  const agent = yield* Effect.acquireRelease(
    Effect.sync(() => new Agent({ keepAlive: true })),
    (agent) => Effect.sync(() => agent.destroy()),
  )
  let id = 0
  let session: Headers = { "mcp-protocol-version": era }
  if (era === "2025-11-25") {
    const params = { protocolVersion: era, capabilities: {}, clientInfo }
    const response = yield* send(url, agent, "POST", {}, { id: id++, method: "initialize", params })
    yield* read(response)
    session = { ...session, "mcp-session-id": String(response.headers["mcp-session-id"]) }
    const accepted = yield* send(url, agent, "POST", session, { method: "notifications/initialized" })
    yield* Effect.promise(() => text(accepted))
  }
  return {
    call: (name: string, args: object) =>
      era === "2025-11-25"
        ? Effect.flatMap(
            send(url, agent, "POST", session, { id: id++, method: "tools/call", params: { name, arguments: args } }),
            read,
          )
        : Effect.flatMap(
            send(
              url,
              agent,
              "POST",
              { ...session, "mcp-method": "tools/call", "mcp-name": name },
              { id: id++, method: "tools/call", params: { name, arguments: args, _meta: meta2026({}, clientInfo) } },
            ),
            read,
          ),
    /** Opens the stream of the session for what the server sends by itself. */
    openStream: Effect.map(send(url, agent, "GET", session), (response) => void response.resume()),
  }
})

export type HttpClient = Effect.Success<ReturnType<typeof openClient>>
