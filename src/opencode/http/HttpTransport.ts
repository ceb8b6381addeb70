/** The HTTP client for identified opencodes. Its reads share connections, which are kept alive. */
import { Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import type { Agent } from "node:http"
import type { Duplex } from "node:stream"
import { MaxConnections } from "../../machine/maxConnections.ts"
import { http, https } from "../../machine/nodeHttp.ts"
import { makeTransport } from "./nodeTransport.ts"

/** Idle connections are closed after 4 s, before most servers do it: a request could meet their end. */
const options = { keepAlive: true, timeout: 4000 }

/** The idle connections of a thousand instances would occupy a descriptor each. */
const hasRoom = ({ freeSockets }: Agent, maxIdle: number) => Object.keys(freeSockets).length < maxIdle

const makeAgents = (maxIdle: number) => {
  class Http extends http.Agent {
    override keepSocketAlive(socket: Duplex) {
      return hasRoom(this, maxIdle) && super.keepSocketAlive(socket)
    }
  }
  class Https extends https.Agent {
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
