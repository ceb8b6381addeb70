/** `opencode-fleet/tools`: the tools as a Toolkit for Effect's AI modules, and what a handler knows of its call. */
export { TurnWatcher } from "../tools/turns/TurnWatcher.ts"
export type { CallValues, ElicitationReply, ElicitationRequest } from "../mcp/Call.ts"
export { Call } from "../mcp/Call.ts"
export type { RequestView } from "../tools/requests/requestSchemas.ts"
export type { TurnView } from "../tools/turns/turnSchemas.ts"
export type { ToolsOptions } from "../tools/handlers.ts"
export { FleetToolkit } from "../tools/FleetToolkit.ts"
