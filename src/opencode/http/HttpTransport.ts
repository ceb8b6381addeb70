/** The HTTP client for identified opencodes. Its reads share connections, which are kept alive. */
import { Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import { Agent as HttpAgent } from "node:http"
import { Agent as HttpsAgent } from "node:https"
import type { Duplex } from "node:stream"
import { MaxConnections } from "../../machine/maxConnections.ts"
import { makeTransport } from "./nodeTransport.ts"

/** Idle connections are closed after 4 s, before most servers do it: a request could meet their end. */
const options = { keepAlive: true, timeout: 4000 }

/** The idle connections of a thousand instances would occupy a descriptor each. */
const hasRoom = ({ freeSockets }: HttpAgent, maxIdle: number) => Object.keys(freeSockets).length < maxIdle

const makeAgents = (maxIdle: number) => {
  class Http extends HttpAgent {
    override keepSocketAlive(socket: Duplex) {
      return hasRoom(this, maxIdle) && super.keepSocketAlive(socket)
    }
  }
  class Https extends HttpsAgent {
    override keepSocketAlive(socket: Duplex) {
      return hasRoom(this, maxIdle) && super.keepSocketAlive(socket)
    }
  }
  return { http: new Http(options), https: new Https(options) }
}

const agents = Effect.acquireRelease(Effect.map(MaxConnections, makeAgents), ({ http, https }) =>
  Effect.sync(() => {
    http.destroy()
    https.destroy()
  }),
)

export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(agents, (agents) => makeTransport({ agents })),
)
