/**
 * HTTP clients over Node's `http`. An answer is read to its end before the request succeeds, so a connection that breaks in
 * the middle of it is a failed request like any other. Only an event stream that was asked for is left open.
 *
 * Not `fetch`, which would send requests and passwords through the proxy that environment variables name.
 */
import { Effect } from "effect"
import { HttpClient, HttpClientError, type HttpClientRequest, HttpClientResponse } from "effect/http"
import type { IncomingMessage } from "node:http"
import { Readable } from "node:stream"
import { type Agents, AnswerTooLarge, exchange, type ExchangeFailed } from "../../machine/httpExchange.ts"
import { brokenAnswer, transportError } from "./clientErrors.ts"
import { acceptedEncodings, decodeContent, type UnreadableContent } from "./contentEncoding.ts"
import { asksForEvents, isEventStream } from "./eventStream.ts"
import { MaxResponseBytes } from "./MaxResponseBytes.ts"
import { OnProgress } from "./withTimeout.ts"

export interface TransportOptions {
  /** The connections that reads share. Default: each request has its own, which is closed afterwards. */
  readonly agents?: Agents
}

type Request = HttpClientRequest.HttpClientRequest

/** Fails if the status or a header is invalid. */
const responseOf = (
  request: Request,
  { headersDistinct, statusCode = 0 }: IncomingMessage,
  body: NonNullable<ConstructorParameters<typeof Response>[0]> | null,
) =>
  Effect.try({
    try: () => {
      const headers = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
        values.map((value): [string, string] => [name, value]),
      )
      return HttpClientResponse.fromWeb(request, new Response(body, { status: statusCode, headers }))
    },
    catch: (cause) => transportError(request, cause),
  })

/** `Response` would copy a body twice, which blocks for long if it is large. */
const withBody = (
  response: HttpClientResponse.HttpClientResponse,
  { buffer, byteLength, byteOffset }: Buffer<ArrayBuffer>,
) => {
  const isWhole = byteLength === buffer.byteLength
  const body = isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)
  const whole: HttpClientResponse.HttpClientResponse = Object.create(response, {
    arrayBuffer: { value: Effect.succeed(body) },
  })
  return whole
}

/** The answer has arrived, so another try does not help. */
const unusable = (request: Request, detail: string) => {
  const response = HttpClientResponse.fromWeb(request, new Response())
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

const send = (
  request: Request,
  url: URL,
  signal: AbortSignal,
  { agents }: TransportOptions,
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> =>
  Effect.gen(function* () {
    const maxBytes = yield* MaxResponseBytes
    const onProgress = yield* OnProgress
    onProgress("connecting")
    const { body, message } = yield* exchange({
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
    })
    if (isEventStream(message) && !asksForEvents(request)) {
      message.destroy()
      return yield* responseOf(request, message, null)
    }
    if (isEventStream(message)) {
      signal.addEventListener("abort", () => message.destroy(), { once: true })
      return yield* responseOf(request, message, Readable.toWeb(message))
    }
    onProgress("arrived")
    const content = yield* decodeContent(body, message.headers["content-encoding"], maxBytes)
    return withBody(yield* responseOf(request, message, null), content)
  }).pipe(Effect.catch((error) => (error._tag === "HttpClientError" ? error : toHttpClientError(request)(error))))

/** Follows no redirect: a 307 would repeat a prompt, and another server would answer in the instance's place. */
export const makeTransport = (options: TransportOptions = {}): HttpClient.HttpClient =>
  HttpClient.make((request, url, signal) => send(request, url, signal, options))
