/** The HTTP client for identified opencodes. Its reads share connections, which are kept alive. */
import { Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import type { ClientRequest } from "node:http"
import type { Agent as HttpsAgent } from "node:https"
import type { Duplex } from "node:stream"
import { MaxConnections } from "../../machine/maxConnections.ts"
import { http, https } from "../../machine/nodeHttp.ts"
import { makeTransport } from "./nodeTransport.ts"

/** Idle connections are closed after 4 s, before most servers do it: a request could meet their end. */
const options = { keepAlive: true, timeout: 4000 }

/** The idle connections of an agent, whose own list is by host: to count it takes long if there are many. */
class Idle {
  readonly #sockets = new Set<Duplex>()
  readonly #watched = new WeakSet<Duplex>()

  get size() {
    return this.#sockets.size
  }

  add(socket: Duplex) {
    this.#sockets.add(socket)
    if (this.#watched.has(socket)) return
    this.#watched.add(socket)
    socket.once("close", () => this.delete(socket))
  }

  delete(socket: Duplex) {
    this.#sockets.delete(socket)
  }
}

/** The idle connections of a thousand instances would occupy a descriptor each. */
const makeAgents = (maxIdle: number) => {
  const idle = new Idle()
  /** Node's types say that `isKept` returns nothing. */
  const keep = (socket: Duplex, isKept: () => unknown) => {
    const kept = idle.size < maxIdle && Boolean(isKept())
    if (kept) idle.add(socket)
    return kept
  }
  class Http extends http.Agent {
    override keepSocketAlive(socket: Duplex) {
      return keep(socket, () => super.keepSocketAlive(socket))
    }
    override reuseSocket(socket: Duplex, request: ClientRequest) {
      idle.delete(socket)
      super.reuseSocket(socket, request)
    }
  }
  const makeHttps = () => {
    class Https extends https().Agent {
      override keepSocketAlive(socket: Duplex) {
        return keep(socket, () => super.keepSocketAlive(socket))
      }
      override reuseSocket(socket: Duplex, request: ClientRequest) {
        idle.delete(socket)
        super.reuseSocket(socket, request)
      }
    }
    return new Https(options)
  }
  let httpsAgent: HttpsAgent | undefined
  const httpAgent = new Http(options)
  return {
    http: httpAgent,
    https: () => (httpsAgent ??= makeHttps()),
    destroy: () => {
      httpAgent.destroy()
      httpsAgent?.destroy()
    },
  }
}

const agents = Effect.acquireRelease(Effect.map(MaxConnections, makeAgents), ({ destroy }) => Effect.sync(destroy))

export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(agents, (agents) => makeTransport({ agents })),
)
