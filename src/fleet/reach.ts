/** How a server is, by the best of the endpoints that lead to it. */
import { Effect, Fiber } from "effect"
import type { Announcement } from "../discovery/Discovery.ts"
import type { Server } from "../discovery/servers.ts"
import type { HealthCheck } from "./HealthCheck.ts"
import type { Health } from "./Instance.ts"

export interface Reached {
  readonly endpoint: Announcement
  readonly health: Health
}

/**
 * All endpoints are tried at once. The first of them that leads to an opencode is taken, and waits for no later one; where none
 * does, the first counts.
 */
export const reach = Effect.fnUntraced(function* (server: Server, { probe }: HealthCheck["Service"]) {
  const along = (endpoint: Announcement) =>
    Effect.map(probe({ ...endpoint, name: server.name }), (health): Reached => ({ endpoint, health }))
  if (server.endpoints.length === 0) return yield* along(server)
  const first = yield* Effect.forkScoped(along(server))
  const others = yield* Effect.forEach(server.endpoints, (endpoint) => Effect.forkScoped(along(endpoint)))
  const foremost = yield* Fiber.join(first)
  if (foremost.health.state === "online") return foremost
  for (const other of others) {
    const reached = yield* Fiber.join(other)
    if (reached.health.state === "online") return reached
  }
  return foremost
}, Effect.scoped)
