/**
 * An embedding program: the MCP server over HTTP, for the callers that a file of tokens names.
 *
 *     node examples/http-server.ts /path/to/registrations /path/to/tokens [port]
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { serveFleetHttp, tokenFileGate } from "../src/exports/mcp.ts"

const [, , relayDirectory = "/var/lib/opencode-relay", tokens = "/etc/opencode-fleet/tokens", port = "4180"] =
  process.argv

serveFleetHttp({ relayDirectory }, { host: "127.0.0.1", port: Number(port) }).pipe(
  Effect.provide(Layer.provideMerge(tokenFileGate(tokens), NodeServices.layer)),
  NodeRuntime.runMain,
)
