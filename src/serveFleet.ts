/** The whole MCP server as one effect, for programs that embed it. The executable does the same but loads the fleet later. */
import { Effect, type Layer } from "effect"
import type { Discovery } from "./discovery/Discovery.ts"
import { serverInfo } from "./serverInfo.ts"
import {
  type DiscoveryOptions,
  type FleetLayerOptions,
  type OptionsInput,
  toolsLayer,
  toolsLayerWith,
} from "./layers.ts"
import { serve } from "./mcp/ToolServer.ts"
import { FleetToolkit } from "./tools/FleetToolkit.ts"
import type { ToolsOptions } from "./tools/handlers.ts"
import { inputEndText } from "./tools/endingText.ts"
import { tasks } from "./tools/tasks/tasks.ts"

const served = Effect.flatMap(FleetToolkit, (kit) =>
  serve(FleetToolkit, Effect.succeed(kit), { ...serverInfo, tasks, endingText: inputEndText }),
)

/** {@link serveFleet} over a `Discovery` of your own. */
export const serveFleetWith = <DE, DR, E = never, R = never>(
  discovery: Layer.Layer<Discovery, DE, DR>,
  options: OptionsInput<FleetLayerOptions & ToolsOptions, E, R> = {},
) => Effect.provide(served, toolsLayerWith(discovery, options))

/**
 * Serves the fleet over stdin and stdout until the client closes stdin. Needs `FileSystem`, `Path` and
 * `ChildProcessSpawner`. Provide `Logger.LogToStderr` outermost, because stdout belongs to the protocol.
 */
export const serveFleet = <E = never, R = never>(
  options: OptionsInput<FleetLayerOptions & DiscoveryOptions & ToolsOptions, E, R>,
) => Effect.provide(served, toolsLayer(options))
