/**
 * The descriptions of the tools as data. The build writes their values into the executable (`rolldown.config.ts`), which can
 * then answer tools/list before it has loaded Effect and the tools.
 */
import { describeTools } from "../../mcp/describeTool.ts"
import { type ListedToolData, toData } from "../../mcp/listedTool.ts"
import { ControlTools } from "../../tools/control/ControlTools.ts"
import { FleetToolkit } from "../../tools/FleetToolkit.ts"

export const fleetTools: ReadonlyArray<ListedToolData> = describeTools(FleetToolkit).map(toData)

/** The tool that starts opencode, for fleets with ssh hosts. */
export const controlTools: ReadonlyArray<ListedToolData> = describeTools(ControlTools).map(toData)
