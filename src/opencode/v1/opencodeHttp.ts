/** How opencode is asked over HTTP: where, in whose name, how often, and what counts as its answer. */
import { Effect, Schedule } from "effect"
import { HttpClient, HttpClientRequest, type HttpClientResponse } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { quote } from "../../text/plainText.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { isServing, ServerProcesses } from "../../machine/ServerProcesses.ts"
import { NotOpencode, transportError } from "../http/clientErrors.ts"
import { InvalidCredentials, OpencodeApi } from "./OpencodeApi.ts"
import { CurrentTarget } from "../Target.ts"

const backoff = Schedule.exponential("100 millis").pipe(Schedule.jittered)

/** Only reads are repeated. A repeated prompt would be a second prompt. */
const retryReads = HttpClient.transform(
  <E, R>(
    send: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>,
    request: HttpClientRequest.HttpClientRequest,
  ) =>
    request.method === "GET"
      ? send.pipe(
          Effect.repeat({ while: HttpClient.isTransientResponse, schedule: backoff, times: 2 }),
          Effect.retry({ while: HttpClient.isTransientError, schedule: backoff, times: 2 }),
        )
      : send,
)

/**
 * For an unknown route opencode answers 200 with its web page, which the decoder would take for broken JSON or an empty
 * stream. And a 401 is a 401 whatever is in it: a proxy in front may explain itself.
 */
const refuseOtherContent = (
  response: HttpClientResponse.HttpClientResponse,
): Effect.Effect<HttpClientResponse.HttpClientResponse, InvalidCredentials | NotOpencode> => {
  const { "content-type": contentType = "", location, "www-authenticate": challenge = "" } = response.headers
  if (response.status === 401) return Effect.fail(new InvalidCredentials({ challenge }))
  if (response.status === 204 || /^(application\/json|text\/event-stream)\b/u.test(contentType)) {
    return Effect.succeed(response)
  }
  const detail = location === undefined ? `content type ${quote(contentType)}` : `it redirects to ${quote(location)}`
  return Effect.fail(new NotOpencode({ status: response.status, detail }))
}

/** Fails like a refused connection: the process has exited, so the program now on its port must not receive the request. */
const gone = (request: HttpClientRequest.HttpClientRequest) =>
  transportError(request, Object.assign(new Error("its process has ended"), { code: "ECONNREFUSED" }))

/** Sends the request to the {@link CurrentTarget}, with its credentials. */
const addressed = Effect.gen(function* () {
  const machine = yield* LocalMachine
  const processes = yield* ServerProcesses
  return HttpClient.mapRequestEffect(
    Effect.fnUntraced(function* (request: HttpClientRequest.HttpClientRequest) {
      const { credentials, listener, url } = yield* CurrentTarget
      if (listener !== undefined && !isServing(machine, processes, url, listener)) return yield* gone(request)
      const to = HttpClientRequest.prependUrl(request, url)
      return credentials === undefined
        ? to
        : HttpClientRequest.basicAuth(to, credentials.username, credentials.password)
    }),
  )
})

const checked = HttpClient.transformResponse(Effect.flatMap(refuseOtherContent))

/** The routes of the API as functions, which ask the {@link CurrentTarget}. A health check is not repeated. */
export const makeApi = Effect.gen(function* () {
  const httpClient = (yield* HttpClient.HttpClient).pipe(yield* addressed)
  return {
    api: yield* HttpApiClient.makeWith(OpencodeApi, { httpClient: httpClient.pipe(retryReads, checked) }),
    health: yield* HttpApiClient.endpoint(OpencodeApi, {
      group: "server",
      endpoint: "health",
      httpClient: httpClient.pipe(checked),
    }),
  }
})
