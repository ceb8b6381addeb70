/**
 * The HTTP client under everything here: Node's `fetch`, which keeps connections alive and adds least to the bundle,
 * with its bad habits taken away.
 */
import { Layer } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"

/** A page of a hundred long messages has a few megabytes. Whatever passes this is not an answer but an attack on memory. */
const maxResponseBytes = 64 * 1024 * 1024

/** Health is asked of whatever listens on a port, over and over. */
const maxHealthBytes = 64 * 1024

/** `fetch` reads without end; this one breaks off. An event stream is endless on purpose and passes. */
const boundedFetch: typeof globalThis.fetch = async (input, init) => {
  const response = await globalThis.fetch(input, init)
  const { body, headers, status, statusText } = response
  if (body === null || headers.get("content-type")?.startsWith("text/event-stream") === true) return response
  const most = String(input).endsWith("/global/health") ? maxHealthBytes : maxResponseBytes
  const announced = headers.has("content-encoding") ? Number.NaN : Number(headers.get("content-length") ?? Number.NaN)
  if (announced <= most) return response
  let seen = 0
  const bounded = body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (chunk, controller) => {
        seen += chunk.byteLength
        if (seen > most) controller.error(new Error(`more than ${most} bytes`))
        else controller.enqueue(chunk)
      },
    }),
  )
  return new Response(bounded, { status, statusText, headers })
}

/** Redirects are not followed: a 307 would repeat a prompt, and somebody else's server would be taken for the instance. */
export const layer: Layer.Layer<HttpClient.HttpClient> = FetchHttpClient.layer.pipe(
  Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" })),
  Layer.provide(Layer.succeed(FetchHttpClient.Fetch, boundedFetch)),
)
