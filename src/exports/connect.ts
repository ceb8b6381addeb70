/** `opencode-fleet/connect`: joining the fleet, tunnels to a relay, and pruning registrations. */
export type { Member } from "../connect/join.ts"
export { join as joinFleet } from "../connect/join.ts"
export type { TunnelOptions, TunnelState } from "../connect/tunnel/Tunnel.ts"
export { keepTunnel } from "../connect/tunnel/Tunnel.ts"
export type { Pruned } from "../fleet/prune/prune.ts"
export { prune as pruneRegistrations } from "../fleet/prune/prune.ts"
