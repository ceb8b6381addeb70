/** One opencode server of the fleet, and how it was when it was last asked. */
import type { Server } from "../discovery/servers.ts"

/** `online` and `unauthorized` answered as opencode does; `unhealthy` answered otherwise; the others did not answer. */
export type HealthState = "online" | "unauthorized" | "timeout" | "unreachable" | "unhealthy"

export interface Health {
  readonly state: HealthState
  /** Of opencode; only of one that is online. */
  readonly version: string | undefined
  /** Milliseconds that the answer took; only of one that is online. */
  readonly latency: number | undefined
  /** Why it is in that state, with the way out. Empty for one that is online. */
  readonly reason: string
  /** Epoch milliseconds. */
  readonly checkedAt: number
}

export interface Instance extends Server {
  /** Unique in the fleet: what tools call it by. */
  readonly name: string
  readonly health: Health
  /** When it was last online, in epoch milliseconds, as far as this process has seen. */
  readonly lastSeen: number | undefined
}
