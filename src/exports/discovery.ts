/** `opencode-fleet/discovery`: the service `Discovery`, the transports, merging, and what a transport of your own needs. */
export type {
  Announcement,
  Problem as DiscoveryProblem,
  Scan as DiscoveryScan,
  TransportReport,
} from "../discovery/Discovery.ts"
export type { Remedy as DiscoveryRemedy } from "../discovery/Remedy.ts"
export type { SshCause } from "../machine/ssh/sshCause.ts"
export { Discovery } from "../discovery/Discovery.ts"
export type { Server as DiscoveredServer } from "../discovery/servers.ts"
export type {
  IdentificationRequest,
  IdentificationOptions,
  Identity as ServerIdentity,
  Verdict as IdentificationVerdict,
} from "../discovery/identification/Identification.ts"
export { Identification } from "../discovery/identification/Identification.ts"
export type {
  Candidate as IdentifierCandidate,
  Identified as IdentifiedCandidate,
  IdentifiedCandidates,
  IdentifierOptions,
} from "../discovery/identification/identifier.ts"
export { identifier } from "../discovery/identification/identifier.ts"
export type { DatabaseSession, DatabaseUnavailable, DatabaseValues, Row as DatabaseRow } from "../database/Database.ts"
export { Database } from "../database/Database.ts"
export { databaseLayer } from "../database/databaseLayer.ts"
export { layer as postgresDiscovery, type PostgresOptions } from "../discovery/postgres/Postgres.ts"
export { layer as mdnsDiscovery, type MdnsOptions } from "../discovery/mdns/Mdns.ts"
export { layer as mergedDiscovery } from "../discovery/mergedDiscovery.ts"
export { layer as localPortsDiscovery, type LocalPortsOptions } from "../discovery/ports/LocalPorts.ts"
export { layer as serviceDiscovery, type ServiceOptions } from "../discovery/service/Service.ts"
export type { ConnectState } from "../discovery/relay/Registration.ts"
export { Registration } from "../discovery/relay/Registration.ts"
export { layer as relayDirectoryDiscovery, type RelayDirectoryOptions } from "../discovery/relay/RelayDirectory.ts"
export { layer as sshDiscovery, type SshOptions } from "../discovery/ssh/Ssh.ts"
export { SshProgram } from "../machine/ssh/SshCommand.ts"
export type { TailscaleAccessValues } from "../discovery/tailscale/Tailnet.ts"
export { TailscaleAccess } from "../discovery/tailscale/Tailnet.ts"
export { layer as tailscaleDiscovery, type TailscaleOptions } from "../discovery/tailscale/Tailscale.ts"
export type { ProcessId } from "../machine/ServerProcesses.ts"
export { type TransportName, transportNames } from "../discovery/transportNames.ts"
export type { Transport, TransportOptions, TransportServices } from "../transports.ts"
export { transports } from "../transports.ts"
