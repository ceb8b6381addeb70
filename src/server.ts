/** The whole server as one effect, for programs that embed it. The executable does the same and loads the fleet later. */
import { Effect } from "effect"
import { identity } from "./identity.ts"
import { toolsLayer } from "./layers.ts"
import { serve } from "./mcp/ToolServer.ts"
import { FleetToolkit } from "./tools/FleetToolkit.ts"

/**
 * Serves the fleet over stdin and stdout until the client closes stdin. Needs `Settings`, `FileSystem` and `Path`, and
 * `Logger.LogToStderr` provided outermost, for stdout belongs to the protocol.
 */
export const serveFleet = Effect.flatMap(FleetToolkit, (kit) =>
  serve(FleetToolkit, Effect.succeed(kit), identity),
).pipe(Effect.provide(toolsLayer))
