/** The MCP endpoint as a service, and its route. */
import { Context, Effect } from "effect"
import { HttpRouter } from "effect/http"
import type { Endpoint } from "./Endpoint.ts"
import { mcpPath } from "./mcpPath.ts"

export { mcpPath }

export class McpEndpoint extends Context.Service<McpEndpoint, Endpoint>()("opencode-fleet/mcp/http/McpEndpoint") {}

/** Every method, so that the endpoint itself answers those that MCP does not use. */
export const mcpRoute = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const endpoint = yield* McpEndpoint
    yield* router.add("*", mcpPath, endpoint.handle)
  }),
)
