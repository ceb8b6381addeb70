/** An HTTP client that answers from a function, as the network would. */
import { Effect, Layer } from "effect"
import { HttpClient, HttpClientError, type HttpClientRequest, HttpClientResponse } from "effect/http"

export type Answer = (
  request: HttpClientRequest.HttpClientRequest,
) => Effect.Effect<Response, HttpClientError.HttpClientError>

export const httpLayer = (answer: Answer) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.map(answer(request), (response) => HttpClientResponse.fromWeb(request, response)),
    ),
  )

export const json = (body: unknown, status = 200): Answer => {
  return () => Effect.sync(() => Response.json(body, { status }))
}

export const online = json({ healthy: true, version: "1.18.33" })

/** How Node's `fetch` fails. */
export const broken =
  (code: string): Answer =>
  (request) =>
    Effect.fail(
      new HttpClientError.HttpClientError({
        reason: new HttpClientError.TransportError({
          request,
          cause: Object.assign(new TypeError("fetch failed"), {
            cause: Object.assign(new Error(`connect ${code}`), { code }),
          }),
        }),
      }),
    )

export const hanging: Answer = () => Effect.never
