/** One HTTP request of a channel. Redirects are not followed, because they could lead the message and its token elsewhere. */
import { Effect, type Redacted } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { ChannelFailed } from "../Channel.ts"

interface Post {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly token?: Redacted.Redacted | undefined
  /** JSON. */
  readonly body: string
}

/** The answers that may be different later. */
const isTransient = (status: number) => status === 408 || status === 425 || status === 429 || status >= 500

/** Needs an `HttpClient` that makes one attempt, such as `FetchHttpClient.layer`. */
export const makePost = Effect.map(HttpClient.HttpClient, (client) => ({ body, headers, token, url }: Post) => {
  const request = HttpClientRequest.post(url).pipe(
    HttpClientRequest.setHeaders({ "user-agent": "opencode-fleet", ...headers }),
    (it) => (token === undefined ? it : HttpClientRequest.bearerToken(it, token)),
    HttpClientRequest.bodyText(body, "application/json"),
  )
  return client.execute(request).pipe(
    Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
    // The client's own text contains the URL.
    Effect.mapError(() => new ChannelFailed({ reason: "it cannot be reached", isFinal: false })),
    Effect.flatMap(({ status }) =>
      status >= 200 && status < 300
        ? Effect.void
        : new ChannelFailed({ reason: `it answered with status ${status}`, isFinal: !isTransient(status) }),
    ),
    Effect.scoped,
  )
})
