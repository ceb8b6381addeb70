/**
 * An embedding program: the MCP server over HTTP with a route of its own beside `/mcp`.
 *
 *     node examples/http-routes.ts /path/to/registrations /path/to/tokens [port]
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { Fleet, toolsLayer } from "../src/index.ts"
import { fleetHttpLayer, tokenFileGate } from "../src/exports/mcp.ts"

const [, , relayDirectory = "/var/lib/opencode-relay", tokens = "/etc/opencode-fleet/tokens", port = "4180"] =
  process.argv

// #region routes
/** `GET /health`: how many instances are online. Needs no token. */
const health = HttpRouter.use((router) =>
  Effect.flatMap(Fleet, (fleet) =>
    router.add(
      "GET",
      "/health",
      Effect.map(fleet.snapshot, ({ instances }) =>
        HttpServerResponse.jsonUnsafe({ online: instances.filter(({ health }) => health.state === "online").length }),
      ),
    ),
  ),
)

const server = fleetHttpLayer({ host: "127.0.0.1", port: Number(port) }, health).pipe(
  Layer.provide(toolsLayer({ relayDirectory })),
  Layer.provide(tokenFileGate(tokens)),
  Layer.provide(NodeServices.layer),
)
// #endregion

NodeRuntime.runMain(Layer.launch(server))
