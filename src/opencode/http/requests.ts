/** HTTP requests to an opencode of any version: address, credentials, retries, and checks of the answer. */
import { Clock, Effect, Record, Redacted, Schedule } from "effect"
import { HttpClient, type HttpClientError, HttpClientRequest, type HttpClientResponse } from "effect/http"
import { quote } from "../../text/plainText.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { isServing, ServerProcesses } from "../../machine/ServerProcesses.ts"
import { CurrentTarget } from "../Target.ts"
import { processExited } from "../errors.ts"
import { brokenAnswer, InvalidCredentials, NotOpencode, type RefusedRequest, transportError } from "./clientErrors.ts"
import { eventsAccepted } from "./eventStream.ts"
import { refusal } from "./refusal.ts"

const backoff = Schedule.exponential("100 millis").pipe(Schedule.jittered)

/**
 * Reads each answer to its end before the request succeeds, with any transport: a connection that breaks in the answer is a
 * broken connection, so that {@link retryReads} repeats the request.
 */
export const wholeAnswers = HttpClient.transform(
  <E, R>(
    send: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>,
    request: HttpClientRequest.HttpClientRequest,
  ) =>
    Effect.tap(send, ({ arrayBuffer }) =>
      Effect.mapError(arrayBuffer, ({ reason }) => brokenAnswer(request, "cause" in reason ? reason.cause : reason)),
    ),
)

/** Not if the answer asks for more patience than the retries have. */
const isWorthRepeating = (response: HttpClientResponse.HttpClientResponse) =>
  HttpClient.isTransientResponse(response) && response.headers["retry-after"] === undefined

/**
 * Retries reads only, because a repeated prompt would be a second prompt. The schedules are set up for a request that has
 * failed once: they cost more than a request.
 */
export const retryReads = HttpClient.transform(
  <E, R>(
    send: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>,
    request: HttpClientRequest.HttpClientRequest,
  ) => {
    if (request.method !== "GET") return send
    return Effect.flatMap(Effect.exit(send), (first) => {
      if (first._tag === "Success" && !isWorthRepeating(first.value)) return first
      let tries = 0
      return Effect.suspend(() => (tries++ === 0 ? first : send)).pipe(
        Effect.repeat({ while: isWorthRepeating, schedule: backoff, times: 2 }),
        Effect.retry({ while: HttpClient.isTransientError, schedule: backoff, times: 2 }),
      )
    })
  },
)

type Content = "json" | "events"

const mediaTypes: Readonly<Record<Content, RegExp>> = {
  json: /^application\/(?:[\w.-]+\+)?json\b/u,
  events: /^text\/event-stream\b/u,
}

/** How much of an answer with an error status is read. opencode's are shorter. */
const maxErrorBytes = 256 * 1024

/**
 * Fails for an answer that opencode does not send: for an unknown route it answers 200 with its web page, which the decoder
 * would report as broken JSON or an empty stream. A 401 is recognised with any body, because a proxy may have sent it.
 */
const refuseOthers =
  (expected: Content, isDeclared: (status: number) => boolean) =>
  (
    response: HttpClientResponse.HttpClientResponse,
  ): Effect.Effect<
    HttpClientResponse.HttpClientResponse,
    InvalidCredentials | RefusedRequest | NotOpencode | HttpClientError.HttpClientError
  > => {
    const { status } = response
    const { "content-type": contentType = "", location, "www-authenticate": challenge = "" } = response.headers
    if (status === 401) return Effect.fail(new InvalidCredentials({ challenge }))
    if (status >= 400 && !(isDeclared(status) && mediaTypes.json.test(contentType))) {
      return Effect.gen(function* () {
        const body = Buffer.from(yield* response.arrayBuffer)
        return yield* refusal(response, body.toString("utf8", 0, maxErrorBytes), yield* Clock.currentTimeMillis)
      })
    }
    if (status === 204 || mediaTypes[expected].test(contentType)) return Effect.succeed(response)
    const detail = location === undefined ? `content type ${quote(contentType)}` : `it redirects to ${quote(location)}`
    return Effect.fail(new NotOpencode({ status, detail }))
  }

/** Fails like a refused connection: the process has exited, so the program now on its port must not receive the request. */
const refusedFor = (request: HttpClientRequest.HttpClientRequest) => transportError(request, new Error(processExited))

/** Sends each request to the {@link CurrentTarget}, with its credentials. */
export const addressed = Effect.gen(function* () {
  const machine = yield* LocalMachine
  const processes = yield* ServerProcesses
  return HttpClient.mapRequestEffect((request: HttpClientRequest.HttpClientRequest) =>
    Effect.flatMap(CurrentTarget, ({ credentials, headers, listener, url }) => {
      if (listener !== undefined && !isServing(machine, processes, url, listener)) {
        return Effect.fail(refusedFor(request))
      }
      const there = HttpClientRequest.prependUrl(request, url)
      const to =
        headers === undefined
          ? there
          : HttpClientRequest.setHeaders(
              there,
              Record.map(headers, (value) => Redacted.value(value)),
            )
      return Effect.succeed(
        credentials === undefined ? to : HttpClientRequest.basicAuth(to, credentials.username, credentials.password),
      )
    }),
  )
})

/** Fails for an answer that opencode does not send. */
export const checked = HttpClient.transformResponse(Effect.flatMap(refuseOthers("json", () => false)))

/** For a route that declares what its JSON means with an error status. */
export const checkedExcept = (isDeclared: (status: number) => boolean) =>
  HttpClient.transformResponse(Effect.flatMap(refuseOthers("json", isDeclared)))

/** For event streams, whose answers have no end. Not retried, because the subscriber reconnects. */
export const forEvents = <E, R>(client: HttpClient.HttpClient.With<E, R>) =>
  client.pipe(
    HttpClient.mapRequest(HttpClientRequest.setHeaders(eventsAccepted)),
    HttpClient.transformResponse(Effect.flatMap(refuseOthers("events", () => false))),
    HttpClient.filterStatusOk,
  )
