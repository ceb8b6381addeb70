/**
 * One HTTP request over Node's `http`, always straight to its address: no environment variable puts a proxy between, because
 * only Node's global agent reads them. Redirects are not followed.
 */
import { Effect, Schema } from "effect"
import { type Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http"
import { type Agent as HttpsAgent, request as requestHttps } from "node:https"

/** A URL, or a path of an HTTP server behind a Unix socket or a named pipe. */
export type HttpAddress = URL | { readonly socketPath: string; readonly path: string }

/** The connections that requests share. */
export interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

export interface HttpRequest {
  readonly address: HttpAddress
  /** Default: `GET`. */
  readonly method?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
  /** Default: a connection of its own, which is closed afterwards. */
  readonly agents?: Agents | undefined
  /** The request fails with {@link AnswerTooLarge} when the body exceeds this many bytes. */
  readonly maxBytes: number
  /** Whether the body of this answer is left to the caller, who must read or destroy the message. Default: of none. */
  readonly leavesBody?: (message: IncomingMessage) => boolean
  /** Called when the request has a connection, which may be one that another request has used. */
  readonly onConnected?: () => void
  /** Called with the number of bytes of the body so far. */
  readonly onReceived?: (bytes: number) => void
}

export interface HttpAnswer {
  readonly message: IncomingMessage
  /** Empty if it is left to the caller. */
  readonly body: Buffer<ArrayBuffer>
}

/** The request could not be sent, or the connection broke. `cause` is Node's own error. */
export class ExchangeFailed extends Schema.TaggedError<ExchangeFailed>()("ExchangeFailed", {
  cause: Schema.instanceOf(Error),
  /** Whether the connection broke within the answer's body. */
  inBody: Schema.Boolean,
}) {}

export class AnswerTooLarge extends Schema.TaggedError<AnswerTooLarge>()("AnswerTooLarge", {
  maxBytes: Schema.Finite,
}) {}

/** Sends a request, and reads its answer to the end. An interruption closes the connection. */
export const exchange = ({
  address,
  agents,
  body,
  headers,
  leavesBody = () => false,
  maxBytes,
  method = "GET",
  onConnected = () => undefined,
  onReceived = () => undefined,
}: HttpRequest): Effect.Effect<HttpAnswer, ExchangeFailed | AnswerTooLarge> =>
  Effect.callback((resume) => {
    let inBody = false
    const fail = (cause: Error) => resume(Effect.fail(new ExchangeFailed({ cause, inBody })))
    const read = (message: IncomingMessage) => {
      const chunks: Array<Buffer> = []
      let size = 0
      inBody = true
      message.on("data", (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.byteLength
        onReceived(size)
        if (size <= maxBytes) return
        resume(Effect.fail(new AnswerTooLarge({ maxBytes })))
        request.destroy()
      })
      message.on("error", fail)
      message.on("end", () => resume(Effect.succeed({ message, body: Buffer.concat(chunks) })))
    }
    const onResponse = (message: IncomingMessage) =>
      leavesBody(message) ? resume(Effect.succeed({ message, body: Buffer.alloc(0) })) : read(message)
    const options = { method, headers: { ...headers } }
    const open = () => {
      if (!(address instanceof URL)) return requestHttp({ ...options, ...address, agent: false }, onResponse)
      return address.protocol === "https:"
        ? requestHttps(address, { ...options, agent: agents?.https ?? false }, onResponse)
        : requestHttp(address, { ...options, agent: agents?.http ?? false }, onResponse)
    }
    let request: ClientRequest
    try {
      request = open()
    } catch (error) {
      return fail(error instanceof Error ? error : new Error(String(error)))
    }
    request.on("socket", (socket) => {
      if (socket.connecting) socket.once("connect", onConnected)
      else onConnected()
    })
    request.on("error", fail)
    // After some answers, such as an upgrade, Node closes the connection without an error or an end.
    request.on("close", () => fail(new Error("the connection was closed")))
    request.end(body)
    return Effect.sync(() => request.destroy())
  })
