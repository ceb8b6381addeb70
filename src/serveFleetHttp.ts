/** The whole fleet as an MCP server over HTTP: the endpoint of all tools, with the checks and bounds of the server. */
import { Effect, Layer } from "effect"
import type { Tool, Toolkit } from "effect/ai"
import type { Revisions } from "./mcp/http/revisions.ts"
import { makeEndpoint } from "./mcp/http/Endpoint.ts"
import { McpEndpoint, mcpRoute } from "./mcp/http/McpEndpoint.ts"
import { type DiscoveryOptions, type FleetLayerOptions, type OptionsInput, toolsLayer } from "./layers.ts"
import { layerTokenFile } from "./mcp/access/access.ts"
import { serverInfo } from "./serverInfo.ts"
import { callFacts } from "./tools/callFacts.ts"
import { endingText, lostText } from "./tools/endingText.ts"
import { FleetToolkit } from "./tools/FleetToolkit.ts"
import type { ToolsOptions } from "./tools/handlers.ts"
import { formScope, gateScopes, scopeOf } from "./tools/scopes.ts"
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
        lostText,
        logFacts: callFacts,
      }),
    ),
  )
  const routes = Layer.merge(Layer.provideMerge(mcpRoute, endpoint), further)
  return Layer.provideMerge(closesFirst, HttpServing.layer(routes, options))
}

/** The gate over a file of tokens: lines of a token, its name, and its scopes. An edit counts at the next request. */
export const tokenFileGate = (file: string) => layerTokenFile({ file }, gateScopes)

/**
 * The server of the fleet as a layer: the endpoint at `/mcp`, and `routes` of your own, whose Host and Origin headers are
 * checked, too. A route that needs a token asks the `Gate` itself. Needs {@link toolsLayer} and the `Gate`.
 */
export const fleetHttpLayer = <E = never, R = never>(
  http: FleetHttpOptions,
  routes: Layer.Layer<never, E, R> = Layer.empty,
) => layer(FleetToolkit, http, routes)

/**
 * Serves the fleet over HTTP until the fiber is interrupted. Needs the `Gate`, `FileSystem`, `Path` and
 * `ChildProcessSpawner`. The endpoint is at `/mcp`.
 */
export const serveFleetHttp = <E = never, R = never>(
  options: OptionsInput<FleetLayerOptions & DiscoveryOptions & ToolsOptions, E, R>,
  http: FleetHttpOptions,
) => Layer.launch(Layer.provide(fleetHttpLayer(http), toolsLayer(options)))
