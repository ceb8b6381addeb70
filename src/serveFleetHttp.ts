/** The whole fleet as an MCP server over HTTP: the endpoint of all tools, with the checks and bounds of the server. */
import { Effect, Layer } from "effect"
import type { Tool, Toolkit } from "effect/ai"
import type { Revisions } from "./mcp/http/revisions.ts"
import { makeEndpoint } from "./mcp/http/Endpoint.ts"
import { McpEndpoint, mcpRoute } from "./mcp/http/McpEndpoint.ts"
import { serverInfo } from "./serverInfo.ts"
import { formScope, scopeOf } from "./tools/scopes.ts"
import { tasks } from "./tools/tasks/tasks.ts"
import * as HttpServing from "./web/HttpServing.ts"

export interface FleetHttpOptions extends HttpServing.HttpServingOptions {
  /** The revisions of MCP that are served. Default: both. */
  readonly revisions?: Revisions | undefined
  /** Known tools that this server does not offer, each with a sentence about what makes it available. */
  readonly unavailable?: Readonly<Record<string, string>> | undefined
}

/** Serves a Toolkit with the fleet's scopes. Needs the handlers and the `Gate`; provides `HttpServer` and `McpEndpoint`. */
export const layer = <Tools extends Record<string, Tool.Any>>(
  toolkit: Toolkit.Toolkit<Tools>,
  { revisions, unavailable, ...options }: FleetHttpOptions,
) => {
  const endpoint = Layer.effect(
    McpEndpoint,
    Effect.flatMap(toolkit, (kit) =>
      makeEndpoint(toolkit, Effect.succeed(kit), {
        ...serverInfo,
        ...(unavailable === undefined ? {} : { unavailable }),
        ...(revisions === undefined ? {} : { revisions }),
        access: { scopeOf, formScope },
        tasks,
      }),
    ),
  )
  return HttpServing.layer(Layer.provideMerge(mcpRoute, endpoint), options)
}
