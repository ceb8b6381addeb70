/**
 * `opencode-fleet`: the public surface for programs that embed the fleet. Each subject has a sub-path of its own. This entry
 * contains all of them except `opencode-fleet/mcp`, which needs the MCP SDK, and `opencode-fleet/testing`.
 */
export * from "./exports/connect.ts"
export * from "./exports/discovery.ts"
export * from "./exports/opencode.ts"
export * from "./exports/tools.ts"
export type {
  LastSession,
  PendingReport,
  PendingReports,
  Project,
  WaitingRequest,
} from "./fleet/attention/PendingReport.ts"
export type { AttentionOptions } from "./fleet/attention/Attention.ts"
export { Attention } from "./fleet/attention/Attention.ts"
export type { FleetOptions } from "./fleet/Fleet.ts"
export type { Snapshot as FleetSnapshot } from "./fleet/Snapshot.ts"
export { Fleet } from "./fleet/Fleet.ts"
export type { HealthCheckOptions } from "./fleet/HealthCheck.ts"
export { HealthCheck } from "./fleet/HealthCheck.ts"
export type { Health, HealthState, Instance } from "./fleet/Instance.ts"
export type { ResolveError } from "./fleet/naming.ts"
export { AmbiguousInstance, InstanceNotFound, InstanceReplaced, InstanceRequired } from "./fleet/naming.ts"
export type { DiscoveryOptions, FleetLayerOptions, OptionsInput } from "./layers.ts"
export { configuredDiscovery, fleetLayer, fleetLayerWith, opencodeLayer, toolsLayer, toolsLayerWith } from "./layers.ts"
export type { DurationSetting, SettingsInput, SettingsValues } from "./Settings.ts"
export { Settings, SettingsError } from "./Settings.ts"
