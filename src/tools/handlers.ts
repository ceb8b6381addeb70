/** The handlers of all tools. They need `Fleet`, `Attention`, `OpencodeClient`, `MessageCounts`, `Turns` and `Settings`. */
import { Effect } from "effect"
import { changeHandlers } from "./changes/changeHandlers.ts"
import { FleetToolkit } from "./FleetToolkit.ts"
import { instanceHandlers } from "./instances/instanceHandlers.ts"
import { requestHandlers } from "./requests/requestHandlers.ts"
import { sessionHandlers } from "./sessions/sessionHandlers.ts"
import { turnHandlers } from "./turns/turnHandlers.ts"

export const layer = FleetToolkit.toLayer(
  Effect.gen(function* () {
    return FleetToolkit.of({
      ...(yield* instanceHandlers),
      ...(yield* sessionHandlers),
      ...(yield* turnHandlers),
      ...(yield* requestHandlers),
      ...(yield* changeHandlers),
    })
  }),
)
