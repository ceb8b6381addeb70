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
export type { TunnelOptions, TunnelState } from "./connect/tunnel/Tunnel.ts"
export { keepTunnel } from "./connect/tunnel/Tunnel.ts"
export type { Look, Looks, Waiting } from "./fleet/attention/Attention.ts"
export { Attention } from "./fleet/attention/Attention.ts"
export type { Announcement, Problem, Scan, TransportReport } from "./discovery/Discovery.ts"
export { Discovery } from "./discovery/Discovery.ts"
export type { Server } from "./discovery/distinct.ts"
export type { Snapshot } from "./fleet/Fleet.ts"
export { Fleet } from "./fleet/Fleet.ts"
export { HealthCheck } from "./fleet/HealthCheck.ts"
export type { Asked, Identity, Verdict } from "./discovery/identification/Identification.ts"
export { Identification } from "./discovery/identification/Identification.ts"
export type { Candidate, Found, IdentifierOptions } from "./discovery/identification/identifier.ts"
export { identifier } from "./discovery/identification/identifier.ts"
export type { Health, HealthState, Instance } from "./fleet/Instance.ts"
export * as Mdns from "./discovery/mdns/Mdns.ts"
export { layer as mergedDiscovery } from "./discovery/mergedDiscovery.ts"
export { AmbiguousInstance, InstanceNotFound, InstanceRequired } from "./fleet/naming.ts"
export * as LocalPorts from "./discovery/ports/LocalPorts.ts"
export type { Pruned } from "./fleet/prune/prune.ts"
export { prune as pruneRegistrations } from "./fleet/prune/prune.ts"
export { Registration } from "./discovery/relay/Registration.ts"
export * as RelayDirectory from "./discovery/relay/RelayDirectory.ts"
export { TailscaleAccess } from "./discovery/tailscale/Tailnet.ts"
export * as Tailscale from "./discovery/tailscale/Tailscale.ts"
export { configuredDiscovery, fleetLayer, fleetLayerWith, opencodeLayer, toolsLayer, toolsLayerWith } from "./layers.ts"
export type { Options as ServeOptions } from "./mcp/ToolServer.ts"
export { serve } from "./mcp/ToolServer.ts"
export type { Aborted } from "./opencode/turns/abortTurn.ts"
export { abortTurn } from "./opencode/turns/abortTurn.ts"
export type { Activity } from "./opencode/sessions/activity.ts"
export { activities, pendingOf } from "./opencode/sessions/activity.ts"
export { openRequest, refusal, settle } from "./opencode/requests/decision.ts"
export * from "./opencode/errors.ts"
export type { FileChange } from "./opencode/changes/FileChanges.ts"
export type { FileDiff } from "./opencode/changes/FileDiff.ts"
export * as HttpTransport from "./opencode/http/HttpTransport.ts"
export { freshMessageId, MessageId, PermissionId, QuestionId, SessionId } from "./opencode/Identifiers.ts"
export type { Notice, Notices } from "./opencode/events/InstanceEvents.ts"
export { InstanceEvents } from "./opencode/events/InstanceEvents.ts"
export type * from "./opencode/sessions/Message.ts"
export { MessageCounts } from "./opencode/sessions/MessageCounts.ts"
export type {
  Capabilities,
  MessagePage,
  Opencode,
  Prompt,
  ServerHealth,
  ServerLocation,
  SessionOptions,
} from "./opencode/Opencode.ts"
export { OpencodeClient } from "./opencode/Opencode.ts"
export type { TurnEvent } from "./opencode/events/TurnEvent.ts"
export type {
  Decision,
  PendingRequest,
  PermissionReply,
  PermissionRequest,
  Question as PendingQuestion,
  QuestionRequest,
} from "./opencode/requests/PendingRequest.ts"
export type { Session, SessionStatus, Tokens } from "./opencode/sessions/Session.ts"
export type { SessionDiff, Unrecorded } from "./opencode/changes/sessionDiff.ts"
export { sessionDiff, turnDiff } from "./opencode/changes/sessionDiff.ts"
export { AmbiguousSession, resolveSession } from "./opencode/sessions/sessionReference.ts"
export type { Credentials, Target } from "./opencode/Target.ts"
export * as Turn from "./opencode/turn/Turn.ts"
export type { Decide } from "./opencode/turns/followTurn.ts"
export type { IfBusy } from "./opencode/turns/sessionQueue.ts"
export type { Observe, Report, Stage } from "./opencode/turns/observeTurn.ts"
export type { PromptOptions } from "./opencode/turns/promptSession.ts"
export type { FollowOptions, SendOptions } from "./opencode/turns/Turns.ts"
export { Turns } from "./opencode/turns/Turns.ts"
export { serveFleet, serveFleetWith } from "./server.ts"
export type { SettingsValues } from "./Settings.ts"
export { Settings, SettingsError } from "./Settings.ts"
export { TurnWatcher } from "./tools/turns/TurnWatcher.ts"
export type { CallValues, Question, Reply } from "./mcp/Call.ts"
export { Call } from "./mcp/Call.ts"
export type { RequestView, TurnView } from "./tools/turns/TurnAnswer.ts"
export { FleetToolkit } from "./tools/FleetToolkit.ts"
export type { Transport, TransportServices } from "./transports.ts"
export { transports } from "./transports.ts"
