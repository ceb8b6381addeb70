/** The routes of opencode 2 as functions that send requests to the `CurrentTarget`. */
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { addressed, asProbe, checked, retryReads } from "../http/requests.ts"
import { OpencodeApi } from "./OpencodeApi.ts"

export const makeRoutes = Effect.gen(function* () {
  const httpClient = (yield* HttpClient.HttpClient).pipe(yield* addressed)
  return {
    api: yield* HttpApiClient.makeWith(OpencodeApi, { httpClient: httpClient.pipe(retryReads, checked) }),
    /** A probe, which is not retried. */
    info: yield* HttpApiClient.endpoint(OpencodeApi, {
      group: "server",
      endpoint: "info",
      httpClient: httpClient.pipe(asProbe, checked),
    }),
    /** Not retried, because the subscriber reconnects. */
    events: yield* HttpApiClient.endpoint(OpencodeApi, {
      group: "server",
      endpoint: "events",
      httpClient: httpClient.pipe(checked, HttpClient.filterStatusOk),
    }),
  }
})

export type Routes = Effect.Success<typeof makeRoutes>
