/** Chooses the endpoint through which a server is reached. */
import { Effect, Fiber } from "effect"
import type { Announcement } from "../discovery/Discovery.ts"
import type { Server } from "../discovery/servers.ts"
import type { HealthCheck } from "./HealthCheck.ts"
import { type Health, isOnline } from "./Instance.ts"

export interface ProbedEndpoint {
  readonly endpoint: Announcement
  readonly health: Health
}

/**
 * Probes all endpoints of a server concurrently. Returns the first one in order that is online, without waiting for later
 * ones. If none is online, returns the first.
 */
export const bestEndpoint = Effect.fnUntraced(function* (server: Server, { probe }: HealthCheck["Service"]) {
  const probed = (endpoint: Announcement) =>
    Effect.map(probe({ ...endpoint, name: server.name }), (health): ProbedEndpoint => ({ endpoint, health }))
  if (server.fallbacks.length === 0) return yield* probed(server)
  const first = yield* Effect.forkScoped(probed(server))
  const fallbacks = yield* Effect.forEach(server.fallbacks, (endpoint) => Effect.forkScoped(probed(endpoint)))
  const preferred = yield* Fiber.join(first)
  if (isOnline(preferred)) return preferred
  for (const fallback of fallbacks) {
    const candidate = yield* Fiber.join(fallback)
    if (isOnline(candidate)) return candidate
  }
  return preferred
}, Effect.scoped)
