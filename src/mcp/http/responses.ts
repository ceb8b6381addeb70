/** Answers over HTTP. */
import { Effect, Stream } from "effect"
import { HttpServerResponse } from "effect/http"

export interface JsonRpcError {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly id?: string | number | null
  readonly headers?: Readonly<Record<string, string>>
}

/** An error as an MCP client reads it. */
export const jsonRpcError = ({ code, headers = {}, id = null, message, status }: JsonRpcError) =>
  HttpServerResponse.jsonUnsafe({ jsonrpc: "2.0", error: { code, message }, id }, { status, headers })

export const badRequest = (message: string) =>
  jsonRpcError({ status: 400, code: -32000, message: `Bad Request: ${message}` })

/** Sent first, because the head of a response leaves with its first bytes, and some clients wait for it. */
const opening = new TextEncoder().encode(": open\n\n")

const isEventStream = (response: Response) => response.headers.get("content-type")?.startsWith("text/event-stream")

/** An answer of the SDK. If it is not sent to its end, its body is cancelled. */
export const serverResponse = Effect.fnUntraced(function* (response: Response) {
  const { body, status } = response
  const headers = Object.fromEntries(response.headers)
  if (body === null) return HttpServerResponse.empty({ status, headers })
  if (!isEventStream(response)) {
    const bytes = yield* Effect.promise(() => response.arrayBuffer())
    return HttpServerResponse.uint8Array(new Uint8Array(bytes), { status, headers })
  }
  yield* Effect.addFinalizer(() => Effect.promise(async () => (body.locked ? undefined : body.cancel())))
  const events = Stream.fromReadableStream({ evaluate: () => body, onError: (cause) => cause })
  return HttpServerResponse.stream(Stream.concat(Stream.make(opening), events), {
    status,
    headers: { ...headers, "cache-control": "no-store, no-transform" },
  })
})
