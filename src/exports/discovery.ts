/** `opencode-fleet/discovery`: the service `Discovery`, the transports, merging, and what a transport of your own needs. */
export type { Announcement, Problem, Scan, TransportReport } from "../discovery/Discovery.ts"
export { Discovery } from "../discovery/Discovery.ts"
export type { Server } from "../discovery/servers.ts"
export type {
  IdentificationRequest,
  IdentificationOptions,
  Identity,
  Verdict,
} from "../discovery/identification/Identification.ts"
export { Identification } from "../discovery/identification/Identification.ts"
export type {
  Candidate,
  Identified,
  IdentifiedCandidates,
  IdentifierOptions,
} from "../discovery/identification/identifier.ts"
export { identifier } from "../discovery/identification/identifier.ts"
export * as Mdns from "../discovery/mdns/Mdns.ts"
export { layer as mergedDiscovery } from "../discovery/mergedDiscovery.ts"
export * as LocalPorts from "../discovery/ports/LocalPorts.ts"
export type { ConnectState } from "../discovery/relay/Registration.ts"
export { Registration } from "../discovery/relay/Registration.ts"
export * as RelayDirectory from "../discovery/relay/RelayDirectory.ts"
export type { TailscaleAccessValues } from "../discovery/tailscale/Tailnet.ts"
export { TailscaleAccess } from "../discovery/tailscale/Tailnet.ts"
export * as Tailscale from "../discovery/tailscale/Tailscale.ts"
export type { ProcessId } from "../machine/ServerProcesses.ts"
export { type TransportName, transportNames } from "../discovery/transportNames.ts"
export type { Transport, TransportOptions, TransportServices } from "../transports.ts"
export { transports } from "../transports.ts"
