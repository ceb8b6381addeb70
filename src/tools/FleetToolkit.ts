/** All tools of the fleet as one Toolkit, for the MCP server and for programs that use Effect's AI modules. */
import { Effect } from "effect"
import { Toolkit } from "effect/ai"
import { instanceHandlers } from "./instanceHandlers.ts"
import { InstanceTools } from "./InstanceTools.ts"
import { sessionHandlers } from "./sessionHandlers.ts"
import { SessionTools } from "./SessionTools.ts"
import { turnHandlers } from "./turnHandlers.ts"
import { TurnTools } from "./TurnTools.ts"

export const FleetToolkit = Toolkit.merge(InstanceTools, SessionTools, TurnTools)

/** The handlers, over `Fleet`, `OpencodeClient`, `MessageCounts`, `Turns` and `Settings`. */
export const layer = FleetToolkit.toLayer(
  Effect.gen(function* () {
    return FleetToolkit.of({
      ...(yield* instanceHandlers),
      ...(yield* sessionHandlers),
      ...(yield* turnHandlers),
    })
  }),
)
