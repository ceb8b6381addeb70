/** Sample instances that are online. */
import type { Instance } from "../../../src/fleet/Instance.ts"
import { server } from "../../discovery/announcements.ts"

export const online = (name: string, port: number, rest: Partial<Instance> = {}): Instance => ({
  ...server(name, port),
  health: { state: "online", version: "1.18.33", api: 1, latency: 1, reason: "", checkedAt: 0 },
  lastSeen: 0,
  ...rest,
})
