/**
 * All tools of the fleet as one Toolkit, for the MCP server and for programs that use Effect's AI modules.
 *
 * It contains declarations only, so a client can list the tools before the handlers and their services are loaded.
 */
import { Toolkit } from "effect/ai"
import { ControlTools } from "./control/ControlTools.ts"
import { ChangeTools } from "./changes/ChangeTools.ts"
import { DescribeTools } from "./instances/DescribeTools.ts"
import { InstanceTools } from "./instances/InstanceTools.ts"
import { ManyTools } from "./many/ManyTools.ts"
import { RequestTools } from "./requests/RequestTools.ts"
import { SessionTools } from "./sessions/SessionTools.ts"
import { TurnTools } from "./turns/TurnTools.ts"

export const FleetToolkit = Toolkit.merge(
  InstanceTools,
  DescribeTools,
  SessionTools,
  TurnTools,
  ManyTools,
  RequestTools,
  ChangeTools,
)

/** With the tool that starts opencode, for fleets with ssh hosts. */
export const FleetToolkitWithStart = Toolkit.merge(FleetToolkit, ControlTools)
