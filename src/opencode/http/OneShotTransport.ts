/**
 * An HTTP client for probing thousands of unknown servers once: each request has its own connection, which is closed
 * afterwards. `fetch` would keep a connection pool of about 60 KB for each origin that it has ever contacted.
 */
import { Effect, Layer } from "effect"
import { HttpClient, type HttpClientError, type HttpClientRequest, HttpClientResponse } from "effect/http"
import type { IncomingMessage } from "node:http"
import { boundedGet } from "../../machine/boundedGet.ts"
import { transportError } from "./clientErrors.ts"
import { MaxResponseBytes } from "./MaxResponseBytes.ts"

/** Requests other than probes are sent to identified opencodes only. Their project information contains two images. */
const maxBytes = 4 * 1024 * 1024

/** Throws if the status or a header is invalid. */
const responseOf = ({ headersDistinct, statusCode = 0 }: IncomingMessage, body: Buffer) =>
  new Response(body.byteLength === 0 ? null : new Uint8Array(body), {
    status: statusCode,
    headers: Object.entries(headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    ),
  })

const exchange = (
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
): Effect.Effect<Response, HttpClientError.HttpClientError> =>
  MaxResponseBytes.pipe(
    Effect.flatMap((bound) => boundedGet(url, { headers: request.headers, maxBytes: Math.min(bound, maxBytes) })),
    Effect.mapError((error) =>
      transportError(
        request,
        error._tag === "GetFailed" ? error.cause : new Error(`more than ${error.maxBytes} bytes`),
      ),
    ),
    Effect.flatMap(({ body, message }) =>
      Effect.try({ try: () => responseOf(message, body), catch: (cause) => transportError(request, cause) }),
    ),
  )

/** Sends `GET` requests only, and follows no redirect. */
export const layer = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request, url) =>
    Effect.map(exchange(request, url), (response) => HttpClientResponse.fromWeb(request, response)),
  ),
)
