/**
 * HTTP clients over Node's `http`. An answer is read to its end before the request succeeds, so a connection that breaks in
 * the middle of it is a failed request like any other. Only an event stream that was asked for is left open.
 *
 * Not `fetch`, which would send requests and passwords through the proxy that environment variables name.
 */
import { Effect, Stream, Tracer } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, type HttpClientResponse } from "effect/http"
import type { IncomingMessage } from "node:http"
import { type Agents, AnswerTooLarge, exchange, type ExchangeFailed } from "../../machine/httpExchange.ts"
import { brokenAnswer, transportError } from "./clientErrors.ts"
import { acceptedEncodings, decodeContent, type UnreadableContent } from "./contentEncoding.ts"
import { asksForEvents, isEventStream } from "./eventStream.ts"
import { MaxResponseBytes } from "./MaxResponseBytes.ts"
import { type Answer, NodeResponse } from "./NodeResponse.ts"
import { OnProgress } from "./withTimeout.ts"

interface TransportOptions {
  /** The connections that reads share. Default: each request has its own, which is closed afterwards. */
  readonly agents?: Agents
}

type Request = HttpClientRequest.HttpClientRequest

const responseOf = (request: Request, { headers, statusCode = 0 }: IncomingMessage, body: Answer["body"]) =>
  new NodeResponse(request, { status: statusCode, headers, body })

const noBody = Buffer.allocUnsafeSlow(0)

/** The answer has arrived, so another try does not help. */
const unusable = (request: Request, detail: string) => {
  const response = new NodeResponse(request, { status: 200, headers: {}, body: noBody })
  const reason = new HttpClientError.DecodeError({ request, response, cause: new Error(detail) })
  return new HttpClientError.HttpClientError({ reason })
}

const toHttpClientError = (request: Request) => (error: ExchangeFailed | AnswerTooLarge | UnreadableContent) => {
  switch (error._tag) {
    case "ExchangeFailed":
      return error.inBody ? brokenAnswer(request, error.cause) : transportError(request, error.cause)
    case "AnswerTooLarge":
      return unusable(request, `more than ${error.maxBytes} bytes`)
    case "UnreadableContent":
      return error.isCut ? brokenAnswer(request, undefined) : unusable(request, error.detail)
  }
}

/** The JSON of opencode's API, or nothing. */
const bodyOf = ({ body }: Request) => (body._tag === "Uint8Array" ? body.body : undefined)

/** Events arrive as they are sent: a compressed stream could hold them back. */
const encodingsFor = (request: Request) => (asksForEvents(request) ? "identity" : acceptedEncodings)

/** A body that arrives while it is read. The connection is closed when its reader ends. */
const eventsOf = (message: IncomingMessage) => Stream.fromAsyncIterable<Uint8Array, unknown>(message, (cause) => cause)

const send = (
  request: Request,
  url: URL,
  { agents }: TransportOptions,
  signal?: AbortSignal,
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> =>
  Effect.withFiber((fiber) => {
    const maxBytes = fiber.getRef(MaxResponseBytes)
    const onProgress = fiber.getRef(OnProgress)
    onProgress("connecting")
    return exchange({
      address: url,
      method: request.method,
      headers: { "accept-encoding": encodingsFor(request), ...request.headers },
      body: bodyOf(request),
      // A connection that the server has closed meanwhile would leave it open whether a write arrived.
      agents: request.method === "GET" && !asksForEvents(request) ? agents : undefined,
      maxBytes,
      leavesBody: isEventStream,
      onConnected: () => onProgress("connected"),
      onReceived: (received) => onProgress({ received }),
    }).pipe(
      Effect.flatMap(({ body, message }) => {
        if (!isEventStream(message)) {
          onProgress("arrived")
          const encoding = message.headers["content-encoding"]
          return encoding === undefined
            ? Effect.succeed(responseOf(request, message, body))
            : Effect.map(decodeContent(body, encoding, maxBytes), (body) => responseOf(request, message, body))
        }
        if (!asksForEvents(request)) {
          message.destroy()
          return Effect.succeed(responseOf(request, message, noBody))
        }
        signal?.addEventListener("abort", () => message.destroy(), { once: true })
        return Effect.succeed(responseOf(request, message, eventsOf(message)))
      }),
      Effect.mapError(toHttpClientError(request)),
    )
  })

/**
 * Follows no redirect: a 307 would repeat a prompt, and another server would answer in the instance's place.
 *
 * `HttpClient.make` gives each request a span and its answer a finalizer. Without tracing, only an event stream needs them: its
 * connection would stay open if its reader never began. The others go without, which saves a tenth of a refresh.
 */
export const makeTransport = (options: TransportOptions = {}): HttpClient.HttpClient => {
  const managed = HttpClient.make((request, url, signal) => send(request, url, options, signal))
  const execute = (request: Request) =>
    Effect.withFiber<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>((fiber) => {
      const url = HttpClientRequest.toUrl(request)
      return url._tag === "Some" && fiber.getRef(Tracer.DisablePropagation) && !asksForEvents(request)
        ? send(request, url.value, options)
        : managed.execute(request)
    })
  return HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
    Effect.flatMap(execute),
    Effect.succeed,
  )
}
