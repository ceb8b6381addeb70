/** The routes of opencode 2 as functions that send requests to the `CurrentTarget`. */
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { makeClient } from "../http/apiClient.ts"
import { addressed, checked, checkedExcept, forEvents, retryReads, wholeAnswers } from "../http/requests.ts"
import { OpencodeApi } from "./OpencodeApi.ts"

export const makeRoutes = Effect.gen(function* () {
  const client = (yield* HttpClient.HttpClient).pipe(yield* addressed)
  const httpClient = client.pipe(wholeAnswers)
  return {
    api: makeClient(OpencodeApi, httpClient.pipe(retryReads, checked)),
    /** A probe, which is not retried. */
    info: makeClient(OpencodeApi, httpClient.pipe(checkedExcept((status) => status === 500 || status === 503))).server
      .info,
    events: makeClient(OpencodeApi, forEvents(client)).server.events,
  }
})

export type Routes = Effect.Success<typeof makeRoutes>
