/** The handlers of all tools. They need `Fleet`, `Attention`, `OpencodeClient`, `MessageCounts` and `Turns`. */
import { type Duration, Effect } from "effect"
import { changeHandlers } from "./changes/changeHandlers.ts"
import { FleetToolkit } from "./FleetToolkit.ts"
import { instanceHandlers } from "./instances/instanceHandlers.ts"
import { requestHandlers } from "./requests/requestHandlers.ts"
import { sessionHandlers } from "./sessions/sessionHandlers.ts"
import { turnHandlers } from "./turns/turnHandlers.ts"

export interface ToolsOptions {
  /** Maximum time that a call follows a turn. Default: 280 s. */
  readonly sendTimeout?: Duration.Input | undefined
  /** The transports that `list_instances` shows if no instance is found. Default: none. */
  readonly transports?: ReadonlyArray<string> | undefined
  /** The relay directory that `list_instances` shows if no instance is found. Default: none. */
  readonly relayDirectory?: string | undefined
}

export const layer = (options: ToolsOptions = {}) =>
  FleetToolkit.toLayer(
    Effect.gen(function* () {
      return FleetToolkit.of({
        ...(yield* instanceHandlers(options)),
        ...(yield* sessionHandlers),
        ...(yield* turnHandlers(options)),
        ...(yield* requestHandlers(options)),
        ...(yield* changeHandlers),
      })
    }),
  )
