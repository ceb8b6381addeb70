/** Runs a request of the derived client at a target: with a timeout, typed errors and a span. */
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import type { ClientError } from "../errors.ts"
import { type Operation, type RawError, toClientError } from "../http/clientErrors.ts"
import { addressed, asProbe, checked, retryReads } from "../http/requests.ts"
import { CurrentTarget, type Target } from "../Target.ts"
import { OpencodeApi } from "./OpencodeApi.ts"

/** Timeout of a request in milliseconds. opencode answers within milliseconds; while it is starting, it may never answer. */
export const requestTimeout = 10_000

/** The routes as functions that send requests to the {@link CurrentTarget}. */
export const makeRoutes = Effect.gen(function* () {
  const httpClient = (yield* HttpClient.HttpClient).pipe(yield* addressed)
  return {
    api: yield* HttpApiClient.makeWith(OpencodeApi, { httpClient: httpClient.pipe(retryReads, checked) }),
    /** A probe, which is not retried. */
    health: yield* HttpApiClient.endpoint(OpencodeApi, {
      group: "server",
      endpoint: "health",
      httpClient: httpClient.pipe(asProbe, checked),
    }),
  }
})

export type Routes = Effect.Success<typeof makeRoutes>

/** `timeout` in milliseconds. */
export const makeCall =
  (target: Target) =>
  (name: string, options?: Partial<Operation>) =>
  <A>(request: Effect.Effect<A, RawError, typeof CurrentTarget.Identifier>): Effect.Effect<A, ClientError> => {
    const timeout = options?.timeout ?? requestTimeout
    return request.pipe(
      Effect.provideService(CurrentTarget, target),
      Effect.timeout(timeout),
      Effect.mapError(toClientError(target, { ...options, name, timeout: timeout / 1000 })),
      Effect.withSpan(`Opencode.${name}`, { attributes: { instance: target.instance } }, { captureStackTrace: false }),
    )
  }

export type Call = ReturnType<typeof makeCall>
