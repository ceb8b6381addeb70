/**
 * The HTTP client for opencode: Node's `fetch`, with bounded answers and without redirects. `fetch` keeps connections alive
 * and adds the least to the bundle.
 */
import { Effect, Layer } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { MaxResponseBytes } from "./MaxResponseBytes.ts"

/** `fetch` with a bound on the answer's size. Event streams are not bounded, because they have no end. */
const boundedFetch =
  (maxBytes: number): typeof globalThis.fetch =>
  async (input, init) => {
    const response = await globalThis.fetch(input, init)
    const { body, headers, status, statusText } = response
    if (body === null || headers.get("content-type")?.startsWith("text/event-stream") === true) return response
    const announced = headers.has("content-encoding") ? Number.NaN : Number(headers.get("content-length") ?? Number.NaN)
    if (announced <= maxBytes) return response
    let size = 0
    const bounded = body.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform: (chunk, controller) => {
          size += chunk.byteLength
          if (size > maxBytes) controller.error(new Error(`more than ${maxBytes} bytes`))
          else controller.enqueue(chunk)
        },
      }),
    )
    return new Response(bounded, { status, statusText, headers })
  }

const bounded = HttpClient.transform(<A, E, R>(send: Effect.Effect<A, E, R>) =>
  Effect.flatMap(MaxResponseBytes, (maxBytes) =>
    Effect.provideService(send, FetchHttpClient.Fetch, boundedFetch(maxBytes)),
  ),
)

/** Redirects are not followed: a 307 would repeat a prompt, and another server would answer in the instance's place. */
export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(HttpClient.HttpClient, bounded),
).pipe(
  Layer.provide(FetchHttpClient.layer),
  Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" })),
)
