/** The HTTP client for identified opencodes. Its reads share connections, which are kept alive. */
import { Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import { Agent as HttpAgent } from "node:http"
import { Agent as HttpsAgent } from "node:https"
import { makeTransport } from "./nodeTransport.ts"

/** Idle connections are closed after 4 s, before most servers do it: a request could meet their end. */
const options = { keepAlive: true, timeout: 4000 }

const agents = Effect.acquireRelease(
  Effect.sync(() => ({ http: new HttpAgent(options), https: new HttpsAgent(options) })),
  ({ http, https }) =>
    Effect.sync(() => {
      http.destroy()
      https.destroy()
    }),
)

export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(agents, (agents) => makeTransport({ agents })),
)
