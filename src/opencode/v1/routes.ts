/** The routes of opencode 1 as functions. */
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { decodeLarge } from "../http/largeAnswers.ts"
import { addressed, checked, forEvents, retryReads, wholeAnswers, withBounds } from "../http/requests.ts"
import { OpencodeApi } from "./OpencodeApi.ts"

/** The routes as functions that send requests to the `CurrentTarget`. */
export const makeRoutes = Effect.gen(function* () {
  const client = (yield* HttpClient.HttpClient).pipe(yield* addressed)
  const httpClient = client.pipe(wholeAnswers)
  return {
    api: yield* HttpApiClient.makeWith(OpencodeApi, {
      httpClient: httpClient.pipe(retryReads, checked),
      transformResponse: decodeLarge,
    }),
    /** A probe, which is not retried. */
    health: yield* HttpApiClient.endpoint(OpencodeApi, {
      group: "server",
      endpoint: "health",
      httpClient: httpClient.pipe(checked),
    }),
    events: yield* HttpApiClient.endpoint(OpencodeApi, {
      group: "server",
      endpoint: "events",
      httpClient: forEvents(client),
    }),
  }
}).pipe(withBounds)

export type Routes = Effect.Success<typeof makeRoutes>
