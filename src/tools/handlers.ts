/** The handlers of all tools, over `Fleet`, `OpencodeClient`, `MessageCounts`, `Turns` and `Settings`. */
import { Effect } from "effect"
import { diffHandlers } from "./diffHandlers.ts"
import { FleetToolkit } from "./FleetToolkit.ts"
import { instanceHandlers } from "./instanceHandlers.ts"
import { sessionHandlers } from "./sessionHandlers.ts"
import { turnHandlers } from "./turnHandlers.ts"

export const layer = FleetToolkit.toLayer(
  Effect.gen(function* () {
    return FleetToolkit.of({
      ...(yield* instanceHandlers),
      ...(yield* sessionHandlers),
      ...(yield* turnHandlers),
      ...(yield* diffHandlers),
    })
  }),
)
