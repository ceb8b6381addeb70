/**
 * The public surface for programs that embed the fleet.
 *
 * - `fleetLayer`, `toolsLayer`: the services, and the tools' handlers over them. Both need `Settings`, `FileSystem` and
 *   `Path`.
 * - `FleetToolkit`: the tools as a Toolkit of Effect's AI modules.
 * - `serveFleet`: the whole server as one effect. `serve`: any Toolkit as an MCP server on stdio.
 * - `Fleet`, `Discovery`, `HealthCheck`, `OpencodeClient`, `InstanceEvents`, `Turns`: the services alone.
 */
export type { Announcement, Problem, Scan } from "./fleet/Discovery.ts"
export { Discovery } from "./fleet/Discovery.ts"
export type { Snapshot } from "./fleet/Fleet.ts"
export { Fleet } from "./fleet/Fleet.ts"
export { HealthCheck } from "./fleet/HealthCheck.ts"
export type { Health, HealthState, Instance } from "./fleet/Instance.ts"
export { AmbiguousInstance, InstanceNotFound, InstanceRequired } from "./fleet/naming.ts"
export { Registration } from "./fleet/Registration.ts"
export * as RelayDirectory from "./fleet/RelayDirectory.ts"
export { fleetLayer, opencodeLayer, toolsLayer } from "./layers.ts"
export type { Options as ServeOptions } from "./mcp/ToolServer.ts"
export { serve } from "./mcp/ToolServer.ts"
export * from "./opencode/errors.ts"
export type { FileChange } from "./opencode/FileChanges.ts"
export { FileDiff } from "./opencode/FileDiff.ts"
export * as HttpTransport from "./opencode/HttpTransport.ts"
export { freshMessageId, MessageId, PermissionId, QuestionId, SessionId } from "./opencode/Identifiers.ts"
export type { Notice } from "./opencode/InstanceEvents.ts"
export { InstanceEvents } from "./opencode/InstanceEvents.ts"
export * from "./opencode/Message.ts"
export { MessageCounts } from "./opencode/MessageCounts.ts"
export { OpencodeApi } from "./opencode/OpencodeApi.ts"
export type { MessagePage, Opencode, Prompt } from "./opencode/OpencodeClient.ts"
export { OpencodeClient } from "./opencode/OpencodeClient.ts"
export { GlobalEvent, OpencodeEvent } from "./opencode/OpencodeEvent.ts"
export { PermissionReply, PermissionRequest, QuestionRequest } from "./opencode/PendingRequest.ts"
export { Session, SessionStatus } from "./opencode/Session.ts"
export type { SessionDiff, Unrecorded } from "./opencode/sessionDiff.ts"
export { sessionDiff, turnDiff } from "./opencode/sessionDiff.ts"
export { AmbiguousSession, resolveSession } from "./opencode/sessionReference.ts"
export type { Credentials, Target } from "./opencode/Target.ts"
export * as Turn from "./opencode/Turn.ts"
export type { FollowOptions, Report, SendOptions } from "./opencode/Turns.ts"
export { Turns } from "./opencode/Turns.ts"
export { serveFleet } from "./server.ts"
export type { SettingsValues, Transport } from "./Settings.ts"
export { Settings, SettingsError } from "./Settings.ts"
export { Call } from "./tools/Call.ts"
export { FleetToolkit } from "./tools/FleetToolkit.ts"
