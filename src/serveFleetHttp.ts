/** The whole fleet as an MCP server over HTTP: the endpoint of all tools, with the checks and bounds of the server. */
import { Effect, Layer } from "effect"
import type { Tool, Toolkit } from "effect/ai"
import type { Revisions } from "./mcp/http/revisions.ts"
import { makeEndpoint } from "./mcp/http/Endpoint.ts"
import { McpEndpoint, mcpRoute } from "./mcp/http/McpEndpoint.ts"
import { serverInfo } from "./serverInfo.ts"
import { endingText } from "./tools/endingText.ts"
import { formScope, scopeOf } from "./tools/scopes.ts"
import { tasks } from "./tools/tasks/tasks.ts"
import * as HttpServing from "./web/HttpServing.ts"

export interface FleetHttpOptions extends HttpServing.HttpServingOptions {
  /** The revisions of MCP that are served. Default: both. */
  readonly revisions?: Revisions | undefined
  /** Known tools that this server does not offer, each with a sentence about what makes it available. */
  readonly unavailable?: Readonly<Record<string, string>> | undefined
}

/** Built last, and so ended first: while the HTTP server still sends answers. */
const closesFirst = Layer.effectDiscard(Effect.flatMap(McpEndpoint, ({ close }) => Effect.addFinalizer(() => close)))

/**
 * Serves a Toolkit with the fleet's scopes. Needs the handlers and the `Gate`; provides `HttpServer` and `McpEndpoint`.
 * `further`: other routes of the server, such as those of the page.
 */
export const layer = <Tools extends Record<string, Tool.Any>, E, R>(
  toolkit: Toolkit.Toolkit<Tools>,
  { revisions, unavailable, ...options }: FleetHttpOptions,
  further: Layer.Layer<never, E, R>,
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
        endingText,
      }),
    ),
  )
  const routes = Layer.merge(Layer.provideMerge(mcpRoute, endpoint), further)
  return Layer.provideMerge(closesFirst, HttpServing.layer(routes, options))
}
