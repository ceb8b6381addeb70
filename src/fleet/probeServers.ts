/** Probes the servers of one refresh, as many at once as this process has descriptors and memory for. */
import { Effect, Fiber, Semaphore } from "effect"
import type { Server } from "../discovery/servers.ts"
import { MaxConnections } from "../machine/maxConnections.ts"
import { bestEndpoint, type ProbedEndpoint } from "./bestEndpoint.ts"
import { HealthCheck } from "./HealthCheck.ts"
import type { HealthState, Instance } from "./Instance.ts"

/**
 * Number of probes that are started before answers are read. If a thousand were started at once, all their answers would wait
 * in memory: a third more of it, and of the time that a refresh takes.
 */
const burst = 32

/** What the previous snapshot says about a server. */
export interface Before {
  readonly state: HealthState
  /** When it was last online, in epoch milliseconds. */
  readonly lastSeen: number | undefined
}

type NamedServer = Server & { readonly name: string }

const instanceOf = (
  server: NamedServer,
  { endpoint, health }: ProbedEndpoint,
  before: ReadonlyMap<string, Before>,
): Instance => {
  const endpoints = [server, ...server.fallbacks]
  return {
    ...server,
    url: endpoint.url,
    api: endpoint.api,
    credentials: endpoint.credentials,
    headers: endpoint.headers,
    secretsUnknown: endpoint.secretsUnknown,
    passwordWithheld: endpoint.passwordWithheld,
    passwordRemedy: endpoint.passwordRemedy,
    listener: endpoint.listener,
    fallbacks: endpoints.filter(({ url }) => url !== endpoint.url),
    health,
    lastSeen:
      health.state === "online"
        ? health.checkedAt
        : endpoints.map(({ url }) => before.get(url)?.lastSeen).find((time) => time !== undefined),
  }
}

/**
 * Makes the function that probes servers. `before` has the previous state by URL; `onProbed` receives each instance when its
 * state is certain.
 *
 * On a busy machine a probe may time out because of the others. A server that was not silent before is therefore probed
 * again when all others have been probed, and shown as silent only if it does not answer then either.
 */
export const makeProbeServers = Effect.gen(function* () {
  const healthCheck = yield* HealthCheck
  const maxConnections = yield* MaxConnections
  const permits = yield* Semaphore.make(maxConnections)
  const bounded = HealthCheck.of({ probe: (announcement) => permits.withPermits(1)(healthCheck.probe(announcement)) })

  return Effect.fnUntraced(function* (
    servers: ReadonlyArray<NamedServer>,
    before: ReadonlyMap<string, Before>,
    onProbed: (instance: Instance) => Effect.Effect<unknown>,
  ) {
    const wasSilent = (server: Server) => before.get(server.url)?.state === "timeout"
    const done = Effect.fnUntraced(function* (server: NamedServer, probed: ProbedEndpoint) {
      const instance = instanceOf(server, probed, before)
      yield* onProbed(instance)
      return instance
    })
    const firstProbe = Effect.fnUntraced(function* (server: NamedServer) {
      const probed = yield* bestEndpoint(server, bounded)
      const isDoubtful = probed.health.state === "timeout" && !wasSilent(server)
      return { server, instance: isDoubtful ? undefined : yield* done(server, probed) }
    })
    const secondProbe = (server: NamedServer) =>
      Effect.flatMap(bestEndpoint(server, bounded), (probed) => done(server, probed))
    // A silent server takes the whole timeout. It comes first where there is a connection for each, and otherwise last.
    const silent = servers.filter(wasSilent)
    const others = servers.filter((one) => !wasSilent(one))
    const endpoints = servers.reduce((sum, { fallbacks }) => sum + 1 + fallbacks.length, 0)
    const ordered = endpoints <= maxConnections ? [...silent, ...others] : [...others, ...silent]
    const starting = yield* Effect.forEach(ordered, (server, index) => {
      const started = Effect.forkChild(firstProbe(server), { startImmediately: true })
      return (index + 1) % burst === 0 ? Effect.tap(started, Effect.yieldNow) : started
    })
    const first = yield* Fiber.joinAll(starting)
    const doubtful = first.flatMap(({ instance, server }) => (instance === undefined ? [server] : []))
    // The number of probes is bounded, not that of servers: a server can have several endpoints.
    const second = yield* Effect.forEach(doubtful, secondProbe, { concurrency: "unbounded" })
    return [...first.flatMap(({ instance }) => instance ?? []), ...second]
  })
})
