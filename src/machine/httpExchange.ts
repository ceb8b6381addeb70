/**
 * One HTTP request over Node's `http`, always straight to its address: no environment variable puts a proxy between, because
 * only Node's global agent reads them. Redirects are not followed.
 */
import { Effect, Schema } from "effect"
import type { Agent as HttpAgent, ClientRequest, IncomingMessage } from "node:http"
import type { Agent as HttpsAgent } from "node:https"
import { http, https } from "./nodeHttp.ts"

/** A URL, or a path of an HTTP server behind a Unix socket or a named pipe. */
type HttpAddress = URL | { readonly socketPath: string; readonly path: string }

/** The connections that requests share. */
export interface Agents {
  readonly http: HttpAgent
  readonly https: () => HttpsAgent
}

interface HttpRequest {
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

interface HttpAnswer {
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

/** One buffer of its own, however many parts there are. */
const joined = (chunks: ReadonlyArray<Buffer>, size: number): Buffer<ArrayBuffer> => {
  const body = Buffer.allocUnsafeSlow(size)
  let end = 0
  for (const chunk of chunks) end += chunk.copy(body, end)
  return body
}

/** Sends a request, and reads its answer to the end. An interruption closes the connection. */
export const exchange = ({
  address,
  agents,
  body,
  headers,
  leavesBody,
  maxBytes,
  method = "GET",
  onConnected,
  onReceived,
}: HttpRequest): Effect.Effect<HttpAnswer, ExchangeFailed | AnswerTooLarge> =>
  Effect.callback((resume) => {
    let inBody = false
    let isDone = false
    const done = (result: Effect.Effect<HttpAnswer, ExchangeFailed | AnswerTooLarge>) => {
      isDone = true
      resume(result)
    }
    const fail = (cause: Error) => {
      if (!isDone) done(Effect.fail(new ExchangeFailed({ cause, inBody })))
    }
    const read = (message: IncomingMessage) => {
      const chunks: Array<Buffer> = []
      let size = 0
      inBody = true
      message.on("data", (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.byteLength
        onReceived?.(size)
        if (size <= maxBytes) return
        done(Effect.fail(new AnswerTooLarge({ maxBytes })))
        request.destroy()
      })
      message.on("error", fail)
      message.on("end", () => done(Effect.succeed({ message, body: joined(chunks, size) })))
    }
    const onResponse = (message: IncomingMessage) =>
      leavesBody?.(message) === true ? done(Effect.succeed({ message, body: joined([], 0) })) : read(message)
    const options = { method, headers: { ...headers } }
    const open = () => {
      if (!(address instanceof URL)) return http.request({ ...options, ...address, agent: false }, onResponse)
      return address.protocol === "https:"
        ? https().request(address, { ...options, agent: agents?.https() ?? false }, onResponse)
        : http.request(address, { ...options, agent: agents?.http ?? false }, onResponse)
    }
    let request: ClientRequest
    try {
      request = open()
    } catch (error) {
      return fail(error instanceof Error ? error : new Error(String(error)))
    }
    if (onConnected !== undefined) {
      request.on("socket", (socket) => {
        if (socket.connecting) socket.once("connect", onConnected)
        else onConnected()
      })
    }
    request.on("error", fail)
    // After some answers, such as an upgrade, Node closes the connection without an error or an end.
    request.on("close", () => isDone || fail(new Error("the connection was closed")))
    request.end(body)
    return Effect.sync(() => request.destroy())
  })
