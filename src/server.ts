/** The whole server as one effect, for programs that embed it. The executable does the same and loads the fleet later. */
import { Effect, type Layer } from "effect"
import type { Discovery } from "./discovery/Discovery.ts"
import { identity } from "./identity.ts"
import { configuredDiscovery, toolsLayerWith } from "./layers.ts"
import { serve } from "./mcp/ToolServer.ts"
import { FleetToolkit } from "./tools/FleetToolkit.ts"

/** {@link serveFleet}, for instances found in ways of your own. */
export const serveFleetWith = <E, R>(discovery: Layer.Layer<Discovery, E, R>) =>
  Effect.flatMap(FleetToolkit, (kit) => serve(FleetToolkit, Effect.succeed(kit), identity)).pipe(
    Effect.provide(toolsLayerWith(discovery)),
  )

/**
 * Serves the fleet over stdin and stdout until the client closes stdin. Needs `Settings`, `FileSystem`, `Path` and
 * `ChildProcessSpawner`, and `Logger.LogToStderr` provided outermost, for stdout belongs to the protocol.
 */
export const serveFleet = serveFleetWith(configuredDiscovery)
