/** The routes of opencode 2 as functions that send requests to the `CurrentTarget`. */
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { decodeLarge } from "../http/largeAnswers.ts"
import { addressed, checked, checkedExcept, forEvents, retryReads, wholeAnswers, withBounds } from "../http/requests.ts"
import { OpencodeApi } from "./OpencodeApi.ts"

export const makeRoutes = Effect.gen(function* () {
  const client = (yield* HttpClient.HttpClient).pipe(yield* addressed)
  const httpClient = client.pipe(wholeAnswers)
  return {
    api: yield* HttpApiClient.makeWith(OpencodeApi, {
      httpClient: httpClient.pipe(retryReads, checked),
      transformResponse: decodeLarge,
    }),
    /** A probe, which is not retried. */
    info: yield* HttpApiClient.endpoint(OpencodeApi, {
      group: "server",
      endpoint: "info",
      httpClient: httpClient.pipe(checkedExcept((status) => status === 500 || status === 503)),
    }),
    events: yield* HttpApiClient.endpoint(OpencodeApi, {
      group: "server",
      endpoint: "events",
      httpClient: forEvents(client),
    }),
  }
}).pipe(withBounds)

export type Routes = Effect.Success<typeof makeRoutes>
