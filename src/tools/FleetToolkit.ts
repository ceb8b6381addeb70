/** All tools of the fleet as one Toolkit, for the MCP server and for programs that use Effect's AI modules. */
import { Effect } from "effect"
import { Toolkit } from "effect/ai"
import { instanceHandlers } from "./instanceHandlers.ts"
import { InstanceTools } from "./InstanceTools.ts"

export const FleetToolkit = Toolkit.merge(InstanceTools)

/** The handlers. They need the fleet and what it is asked through. */
export const layer = FleetToolkit.toLayer(
  Effect.gen(function* () {
    return FleetToolkit.of({ ...(yield* instanceHandlers) })
  }),
)
