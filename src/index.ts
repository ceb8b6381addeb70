/**
 * The public surface for programs that embed the fleet.
 *
 * - `fleetLayer`, `toolsLayer`: the services, and the tools' handlers over them. Both need `Settings`, `FileSystem`,
 *   `Path` and `ChildProcessSpawner`, which `NodeServices.layer` has but for the first.
 * - `fleetLayerWith`, `toolsLayerWith`, `serveFleetWith`: the same over a `Discovery` of your own, with which
 *   `mergedDiscovery` joins others: `configuredDiscovery` is what `TRANSPORT` names, `transports` the table of all.
 *   `Identification` and `identifier` tell whether a port is an opencode's, without giving the password away.
 * - `FleetToolkit`: the tools as a Toolkit of Effect's AI modules. Provide `Call` to be told of progress, and to ask your
 *   person what an agent waits for.
 * - `serveFleet`: the whole server as one effect. `serve`: any Toolkit as an MCP server on stdio.
 * - `Turns` sends, starts and follows turns; `settle` carries a person's decision, `abortTurn` stops, `sessionDiff` compares.
 * - `joinFleet` makes an opencode that this program runs a member of the fleet, as `opencode-fleet connect` does; `keepTunnel` is
 *   the part of it that leads to a relay; `pruneRegistrations` removes what is gone.
 * - `Fleet`, `Attention`, `Discovery`, `HealthCheck`, `OpencodeClient`, `InstanceEvents`: the services alone.
 */
export type { Member } from "./connect/join.ts"
export { join as joinFleet } from "./connect/join.ts"
export type { TunnelOptions, TunnelState } from "./connect/keepTunnel.ts"
export { keepTunnel } from "./connect/keepTunnel.ts"
export type { Look, Looks, Waiting } from "./fleet/Attention.ts"
export { Attention } from "./fleet/Attention.ts"
export type { Announcement, Problem, Scan, TransportReport } from "./fleet/Discovery.ts"
export { Discovery } from "./fleet/Discovery.ts"
export type { Server } from "./fleet/distinct.ts"
export type { Snapshot } from "./fleet/Fleet.ts"
export { Fleet } from "./fleet/Fleet.ts"
export { HealthCheck } from "./fleet/HealthCheck.ts"
export type { Asked, Identity, Verdict } from "./fleet/Identification.ts"
export { Identification } from "./fleet/Identification.ts"
export type { Candidate, Found, IdentifierOptions } from "./fleet/identifier.ts"
export { identifier } from "./fleet/identifier.ts"
export type { Health, HealthState, Instance } from "./fleet/Instance.ts"
export { layer as mergedDiscovery } from "./fleet/mergedDiscovery.ts"
export { AmbiguousInstance, InstanceNotFound, InstanceRequired } from "./fleet/naming.ts"
export type { Pruned } from "./fleet/prune.ts"
export { prune as pruneRegistrations } from "./fleet/prune.ts"
export { Registration } from "./fleet/Registration.ts"
export * as RelayDirectory from "./fleet/RelayDirectory.ts"
export { configuredDiscovery, fleetLayer, fleetLayerWith, opencodeLayer, toolsLayer, toolsLayerWith } from "./layers.ts"
export type { Options as ServeOptions } from "./mcp/ToolServer.ts"
export { serve } from "./mcp/ToolServer.ts"
export type { Aborted } from "./opencode/abortTurn.ts"
export { abortTurn } from "./opencode/abortTurn.ts"
export type { Activity } from "./opencode/activity.ts"
export { activities, pendingOf } from "./opencode/activity.ts"
export type { Decision } from "./opencode/decision.ts"
export { openRequest, refusal, settle } from "./opencode/decision.ts"
export * from "./opencode/errors.ts"
export type { FileChange } from "./opencode/FileChanges.ts"
export { FileDiff } from "./opencode/FileDiff.ts"
export * as HttpTransport from "./opencode/HttpTransport.ts"
export { freshMessageId, MessageId, PermissionId, QuestionId, SessionId } from "./opencode/Identifiers.ts"
export type { Notice, Notices } from "./opencode/InstanceEvents.ts"
export { InstanceEvents } from "./opencode/InstanceEvents.ts"
export * from "./opencode/Message.ts"
export { MessageCounts } from "./opencode/MessageCounts.ts"
export { OpencodeApi } from "./opencode/OpencodeApi.ts"
export type { MessagePage, Opencode, Prompt } from "./opencode/OpencodeClient.ts"
export { OpencodeClient } from "./opencode/OpencodeClient.ts"
export { GlobalEvent, OpencodeEvent } from "./opencode/OpencodeEvent.ts"
export type { PendingRequest } from "./opencode/PendingRequest.ts"
export { PermissionReply, PermissionRequest, QuestionRequest } from "./opencode/PendingRequest.ts"
export { Session, SessionStatus } from "./opencode/Session.ts"
export type { SessionDiff, Unrecorded } from "./opencode/sessionDiff.ts"
export { sessionDiff, turnDiff } from "./opencode/sessionDiff.ts"
export { AmbiguousSession, resolveSession } from "./opencode/sessionReference.ts"
export type { Credentials, Target } from "./opencode/Target.ts"
export * as Turn from "./opencode/Turn.ts"
export type { Decide } from "./opencode/followTurn.ts"
export type { IfBusy } from "./opencode/oneAtATime.ts"
export type { Observe, Report, Stage } from "./opencode/observeTurn.ts"
export type { PromptOptions } from "./opencode/promptSession.ts"
export type { FollowOptions, SendOptions } from "./opencode/Turns.ts"
export { Turns } from "./opencode/Turns.ts"
export { serveFleet, serveFleetWith } from "./server.ts"
export type { SettingsValues } from "./Settings.ts"
export { Settings, SettingsError } from "./Settings.ts"
export type { CallValues, Question, Reply } from "./tools/Call.ts"
export { Call } from "./tools/Call.ts"
export type { RequestView, TurnView } from "./tools/TurnAnswer.ts"
export { FleetToolkit } from "./tools/FleetToolkit.ts"
export type { Transport, TransportServices } from "./transports.ts"
export { transports } from "./transports.ts"
