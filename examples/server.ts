/**
 * An embedding program: the MCP server with options of its own, instead of the environment variables.
 *
 *     node examples/server.ts /path/to/registrations
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Logger } from "effect"
import { serveFleet } from "../src/exports/mcp.ts"

const relayDirectory = process.argv[2] ?? "/var/lib/opencode-relay"

serveFleet({ relayDirectory, refreshEvery: "5 seconds" }).pipe(
  Effect.provide(NodeServices.layer),
  Effect.provideService(Logger.LogToStderr, true),
  NodeRuntime.runMain,
)
