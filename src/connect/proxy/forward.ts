/**
 * Passes one HTTP request on to a server of this machine, and its answer back, without buffering either.
 *
 * Node's own streams, and none of the proxy libraries: those pass hop-by-hop headers on, and leave the client waiting when the
 * server breaks off its answer.
 */
import { Effect, Schema } from "effect"
import {
  type Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as startRequest,
  type ServerResponse,
} from "node:http"
import { pipeline } from "node:stream"

export interface Upstream {
  /** An address of this machine. */
  readonly host: string
  readonly port: number
  /** Replaces the client's header of the same name. */
  readonly authorization: string
}

/** No connection was made, so the request certainly had no effect. `detail` is the operating system's error code. */
export class NotConnected extends Schema.TaggedError<NotConnected>()("NotConnected", { detail: Schema.String }) {}

/** Headers of one connection, which are not passed on. `expect` is answered by this server. */
const hopByHop: ReadonlyArray<string> = [
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]

/** The headers that concern both ends. `connection` can list more that do not. */
const endToEnd = (headers: IncomingHttpHeaders): IncomingHttpHeaders => {
  const listed = (headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase())
  const dropped = new Set([...hopByHop, ...listed])
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name)))
}

/** Whether the request announces a body, which may be empty. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined

const requestHeaders = ({ headers }: IncomingMessage, { authorization, host, port }: Upstream) => ({
  ...endToEnd(headers),
  // Node would send a body of unknown length without any framing with some methods.
  ...(headers["transfer-encoding"] === undefined ? {} : { "transfer-encoding": "chunked" }),
  host: `${host.includes(":") ? `[${host}]` : host}:${port}`,
  authorization,
})

const isRead = (request: IncomingMessage): boolean =>
  (request.method === "GET" || request.method === "HEAD") && !hasBody(request)

/** The service has closed the connection meanwhile, so the read is sent again on a new one. */
class ConnectionClosed extends Schema.TaggedError<ConnectionClosed>()("ConnectionClosed", {}) {}

/** `agent` holds the connections to use again; `false` opens one for this request. */
const forwardOn = (
  request: IncomingMessage,
  response: ServerResponse,
  upstream: Upstream,
  agent: Agent | false,
): Effect.Effect<void, NotConnected | ConnectionClosed> =>
  Effect.callback((resume) => {
    const done = Effect.void
    const { host, port } = upstream
    let isConnected = false
    const outgoing = startRequest({
      host,
      port,
      method: request.method,
      path: request.url,
      headers: requestHeaders(request, upstream),
      agent,
    })
    outgoing.on("socket", (socket) => {
      if (outgoing.reusedSocket) isConnected = true
      else socket.once("connect", () => (isConnected = true))
    })
    outgoing.on("error", (error) => {
      if (outgoing.reusedSocket && !response.headersSent && !response.destroyed) {
        return resume(Effect.fail(new ConnectionClosed()))
      }
      if (!isConnected && !response.destroyed) {
        const detail = "code" in error ? String(error.code) : error.message
        return resume(Effect.fail(new NotConnected({ detail })))
      }
      // A server may answer and close without reading the whole request.
      if (!response.headersSent) response.destroy()
      return resume(done)
    })
    outgoing.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.headers))
      // A stream's first event may come much later.
      response.flushHeaders()
      // Each end destroys the other.
      pipeline(answer, response, () => resume(done))
    })
    response.once("close", () => {
      outgoing.destroy()
      resume(done)
    })
    if (hasBody(request)) request.pipe(outgoing)
    else outgoing.end()
    return Effect.sync(() => {
      outgoing.destroy()
      response.destroy()
    })
  })

/**
 * Completes when the answer has been sent, or when one of the connections has ended. A connection that breaks before the
 * answer's end also breaks for the client, which therefore sees the same as without a proxy. Fails with `NotConnected` if
 * there is none; then nothing was answered.
 *
 * Reads share the connections of `agent`: a connection stays with the server that it was opened to, also if another one takes
 * over its port. Every other request has a connection of its own, since one that the service has just closed would leave it
 * open whether the request arrived.
 */
export const forward = (
  request: IncomingMessage,
  response: ServerResponse,
  upstream: Upstream,
  agent: Agent,
): Effect.Effect<void, NotConnected> => {
  const onNewConnection = Effect.catchTag(
    forwardOn(request, response, upstream, false),
    // Only a connection that is used again fails with it.
    "ConnectionClosed",
    (error) => Effect.die(error),
  )
  return isRead(request)
    ? Effect.catchTag(forwardOn(request, response, upstream, agent), "ConnectionClosed", () => onNewConnection)
    : onNewConnection
}
