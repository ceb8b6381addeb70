/**
 * All tools of the fleet as one Toolkit, for the MCP server and for programs that use Effect's AI modules.
 *
 * Only the declarations: a client is told of them before anything that the handlers need is loaded.
 */
import { Toolkit } from "effect/ai"
import { ControlTools } from "./ControlTools.ts"
import { DiffTools } from "./DiffTools.ts"
import { InstanceTools } from "./InstanceTools.ts"
import { RequestTools } from "./RequestTools.ts"
import { SessionTools } from "./SessionTools.ts"
import { TurnTools } from "./TurnTools.ts"

export const FleetToolkit = Toolkit.merge(InstanceTools, SessionTools, TurnTools, RequestTools, ControlTools, DiffTools)
