/** The routes of opencode 1 as functions. */
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { makeClient } from "../http/apiClient.ts"
import { addressed, checked, forEvents, retryReads, wholeAnswers } from "../http/requests.ts"
import { OpencodeApi } from "./OpencodeApi.ts"

/** The routes as functions that send requests to the `CurrentTarget`. */
export const makeRoutes = Effect.gen(function* () {
  const client = (yield* HttpClient.HttpClient).pipe(yield* addressed)
  const httpClient = client.pipe(wholeAnswers)
  return {
    api: makeClient(OpencodeApi, httpClient.pipe(retryReads, checked)),
    /** A probe, which is not retried. */
    health: makeClient(OpencodeApi, httpClient.pipe(checked)).server.health,
    events: makeClient(OpencodeApi, forEvents(client)).server.events,
  }
})

export type Routes = Effect.Success<typeof makeRoutes>
