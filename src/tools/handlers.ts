/** The handlers of all tools, over `Fleet`, `Attention`, `OpencodeClient`, `MessageCounts`, `Turns` and `Settings`. */
import { Effect } from "effect"
import { controlHandlers } from "./controlHandlers.ts"
import { diffHandlers } from "./diffHandlers.ts"
import { FleetToolkit } from "./FleetToolkit.ts"
import { instanceHandlers } from "./instanceHandlers.ts"
import { requestHandlers } from "./requestHandlers.ts"
import { sessionHandlers } from "./sessionHandlers.ts"
import { turnHandlers } from "./turnHandlers.ts"

export const layer = FleetToolkit.toLayer(
  Effect.gen(function* () {
    return FleetToolkit.of({
      ...(yield* instanceHandlers),
      ...(yield* sessionHandlers),
      ...(yield* turnHandlers),
      ...(yield* requestHandlers),
      ...(yield* controlHandlers),
      ...(yield* diffHandlers),
    })
  }),
)
