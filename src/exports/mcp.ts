/** `opencode-fleet/mcp`: serves any Toolkit, or the fleet's own, as an MCP server. Needs `@modelcontextprotocol/server`. */
export type { ServeOptions, TaskOptions } from "../mcp/ToolServer.ts"
export type { Resumption } from "../mcp/tasks/Tasks.ts"
export { serve } from "../mcp/ToolServer.ts"
export { serveFleet, serveFleetWith } from "../serveFleet.ts"
