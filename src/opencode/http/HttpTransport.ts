/** The HTTP client for identified opencodes. Its reads share connections, which are kept alive. */
import { Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import type { Agent as HttpAgent } from "node:http"
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
  const bounded = <A extends HttpAgent>(agent: A): A => {
    // Node's types say that it returns nothing.
    const isKept: (socket: Duplex) => unknown = agent.keepSocketAlive.bind(agent)
    const reuse = agent.reuseSocket.bind(agent)
    agent.keepSocketAlive = (socket) => {
      const kept = idle.size < maxIdle && Boolean(isKept(socket))
      if (kept) idle.add(socket)
      return kept
    }
    agent.reuseSocket = (socket, request) => {
      idle.delete(socket)
      reuse(socket, request)
    }
    return agent
  }
  let httpsAgent: HttpsAgent | undefined
  const httpAgent = bounded(new http.Agent(options))
  return {
    http: httpAgent,
    https: () => (httpsAgent ??= bounded(new (https().Agent)(options))),
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
