/**
 * An HTTP client for asking thousands of strangers one question: each request has a connection of its own, which is closed
 * with it. `fetch` keeps a connection, and a pool for each origin that it has ever seen: some 60 KB.
 */
import { Effect, Layer } from "effect"
import { HttpClient, type HttpClientError, type HttpClientRequest, HttpClientResponse } from "effect/http"
import { get as getHttp, type IncomingMessage } from "node:http"
import { get as getHttps } from "node:https"
import { transportError } from "./clientErrors.ts"

/** Health is asked of whatever listens somewhere, over and over. */
const maxHealthBytes = 64 * 1024

/** An opencode that has shown itself says more: in what it says of its project stand two pictures. */
const maxBytes = 4 * 1024 * 1024

/** It throws for a status or a header that is none. */
const answerOf = ({ headersDistinct, statusCode = 0 }: IncomingMessage, body: Buffer) =>
  new Response(body.byteLength === 0 ? null : new Uint8Array(body), {
    status: statusCode,
    headers: Object.entries(headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    ),
  })

const exchange = (request: HttpClientRequest.HttpClientRequest, url: URL) =>
  Effect.callback<Response, HttpClientError.HttpClientError>((resume) => {
    const fail = (cause: unknown) => resume(Effect.fail(transportError(request, cause)))
    const get = url.protocol === "https:" ? getHttps : getHttp
    const most = url.pathname === "/global/health" ? maxHealthBytes : maxBytes
    const sent = get(url, { agent: false, headers: { ...request.headers } }, (response) => {
      const chunks: Array<Buffer> = []
      let seen = 0
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk)
        seen += chunk.byteLength
        if (seen > most) sent.destroy(new Error(`more than ${most} bytes`))
      })
      response.on("error", fail)
      response.on("end", () =>
        resume(
          Effect.try({
            try: () => answerOf(response, Buffer.concat(chunks)),
            catch: (cause) => transportError(request, cause),
          }),
        ),
      )
    })
    sent.on("error", fail)
    // Somebody may answer with what Node takes for the end of the conversation, and for no error.
    sent.on("close", () => fail(new Error("the connection was closed")))
    return Effect.sync(() => sent.destroy())
  })

/** Sends `GET` requests only, and follows no redirect. */
export const layer = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request, url) =>
    Effect.map(exchange(request, url), (response) => HttpClientResponse.fromWeb(request, response)),
  ),
)
