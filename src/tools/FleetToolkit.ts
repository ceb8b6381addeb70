/**
 * All tools of the fleet as one Toolkit, for the MCP server and for programs that use Effect's AI modules.
 *
 * Only the declarations: a client is told of them before anything that the handlers need is loaded.
 */
import { Toolkit } from "effect/ai"
import { ControlTools } from "./control/ControlTools.ts"
import { DiffTools } from "./changes/ChangeTools.ts"
import { InstanceTools } from "./instances/InstanceTools.ts"
import { RequestTools } from "./requests/RequestTools.ts"
import { SessionTools } from "./sessions/SessionTools.ts"
import { TurnTools } from "./turns/TurnTools.ts"

export const FleetToolkit = Toolkit.merge(InstanceTools, SessionTools, TurnTools, RequestTools, ControlTools, DiffTools)
