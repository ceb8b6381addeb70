/** A proxy that adds a token to each request, because the suite has none to send. */
import { Effect } from "effect"
import { createServer, request as httpRequest } from "node:http"
import { listening } from "../support/loopback.ts"

/** Passes everything else on as it comes, also a foreign `Host`. */
export const makeTokenProxy = Effect.fnUntraced(function* (port: number, token: string) {
  const server = createServer((request, response) => {
    const { headers, method, url } = request
    const upstream = httpRequest({
      host: "127.0.0.1",
      port,
      method,
      path: url,
      headers: { ...headers, authorization: `Bearer ${token}` },
      agent: false,
    })
    request.pipe(upstream)
    response.on("close", () => upstream.destroy())
    upstream.on("error", () => response.destroy())
    upstream.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders()
      answer.on("error", () => response.destroy())
      answer.pipe(response)
    })
  })
  return yield* listening(server)
})
