/** One opencode server of the fleet, and its health at the last probe. */
import type { Server } from "../discovery/servers.ts"
import type { ApiVersion } from "../opencode/Target.ts"

/**
 * `online` and `unauthorized` answered as opencode does; `unhealthy` answered otherwise; `timeout` and `unreachable` did not
 * answer.
 */
export type HealthState = "online" | "unauthorized" | "timeout" | "unreachable" | "unhealthy"

export interface Health {
  readonly state: HealthState
  /** opencode's version, if it is known. */
  readonly version: string | undefined
  /** The version of its API, if it is known. */
  readonly api?: ApiVersion
  /** Milliseconds until the answer, if online. */
  readonly latency: number | undefined
  /** Whether an `unhealthy` instance is only starting. */
  readonly starting?: boolean
  /** Whether another opencode has the port of the announced one, which must not receive what is meant for that one. */
  readonly replaced?: boolean
  /** Whether it is an opencode that is older than the oldest supported version. */
  readonly tooOld?: boolean
  /** Why the instance is in that state. Empty if online. */
  readonly reason: string
  /**
   * Why an `unauthorized` instance refused the probe: this program has no password, the instance rejected it, or it was
   * deliberately not sent there.
   */
  readonly authorization?: "missing" | "rejected" | "withheld"
  /** Epoch milliseconds. */
  readonly checkedAt: number
}

/** Whether it answered the last probe as opencode does. */
export const isOnline = ({ health }: Pick<Instance, "health">): boolean => health.state === "online"

export interface Instance extends Server {
  /** Unique in the fleet: the name that tools take. */
  readonly name: string
  readonly health: Health
  /** When this process last saw it online, in epoch milliseconds. */
  readonly lastSeen: number | undefined
}
