/**
 * `opencode-fleet/mcp`: serves any Toolkit, or the fleet's own, as an MCP server, on stdio or over HTTP. Needs
 * `@modelcontextprotocol/server`.
 */
export { type Caller, Gate, Refused } from "../mcp/access/Gate.ts"
export { TokenFileUnusable } from "../mcp/access/tokenFile.ts"
export type { CallFacts } from "../mcp/callLog.ts"
export type { BackendOptions, Grace } from "../mcp/effectBackend.ts"
export type { AccessRules } from "../mcp/http/callAccess.ts"
export { type Endpoint, type EndpointOptions, makeEndpoint } from "../mcp/http/Endpoint.ts"
export { McpEndpoint, mcpRoute } from "../mcp/http/McpEndpoint.ts"
export type { Revisions } from "../mcp/http/revisions.ts"
export type { Resumption } from "../mcp/tasks/Tasks.ts"
export type { ServeOptions, TaskOptions } from "../mcp/ToolServer.ts"
export { serve } from "../mcp/ToolServer.ts"
export { serveFleet, serveFleetWith } from "../serveFleet.ts"
export { fleetHttpLayer, type FleetHttpOptions, serveFleetHttp, tokenFileGate } from "../serveFleetHttp.ts"
export { type FleetScope, fleetScopes } from "../tools/scopes.ts"
export type { HttpServingOptions } from "../web/HttpServing.ts"
export type { RequestCheckOptions } from "../web/requestChecks.ts"
