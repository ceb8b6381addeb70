/**
 * An embedding program: the MCP server with settings of its own, instead of those of the environment.
 *
 *     node examples/server.ts /path/to/registrations
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Layer, Logger } from "effect"
import { Settings } from "../src/index.ts"
import { serveFleet } from "../src/exports/mcp.ts"

const relayDirectory = process.argv[2] ?? "/var/lib/opencode-relay"

serveFleet.pipe(
  Effect.provide(Layer.merge(Settings.layerOf({ relayDirectory, discoveryInterval: 5000 }), NodeServices.layer)),
  Effect.provideService(Logger.LogToStderr, true),
  NodeRuntime.runMain,
)
