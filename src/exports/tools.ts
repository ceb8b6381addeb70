/** `opencode-fleet/tools`: the tools as a Toolkit for Effect's AI modules, and what a handler knows of its call. */
export { TurnWatcher } from "../tools/turns/TurnWatcher.ts"
export type { CallValues, ElicitationReply, ElicitationRequest } from "../mcp/Call.ts"
export { Call } from "../mcp/Call.ts"
export type { RequestView, TurnView } from "../tools/turns/TurnAnswer.ts"
export type { ToolsOptions } from "../tools/handlers.ts"
export { FleetToolkit } from "../tools/FleetToolkit.ts"
