/** The servers under test: the executable, and the tools of the suite served by the library. */
import { Context, Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { Gate } from "../../src/mcp/access/Gate.ts"
import { makeEndpoint } from "../../src/mcp/http/Endpoint.ts"
import { McpEndpoint, mcpPath, mcpRoute } from "../../src/mcp/http/McpEndpoint.ts"
import * as HttpServing from "../../src/web/HttpServing.ts"
import { makeRelay } from "../support/Executable.ts"
import { serveHttp } from "../support/HttpServed.ts"
import { Fixtures } from "./fixtureTools.ts"
import { FixturesLive } from "./fixtures.ts"

export type Target = "product" | "fixtures"

const endpoint = Layer.effect(
  McpEndpoint,
  Effect.flatMap(Fixtures, (kit) =>
    makeEndpoint(Fixtures, Effect.succeed(kit), {
      name: "conformance-fixtures",
      title: "Conformance fixtures",
      version: "0.0.0",
      instructions: "The tools of the MCP conformance suite.",
      tasks: { resume: () => undefined, cancelled: "Stopped waiting." },
    }),
  ),
)

const fixtures = HttpServing.layer(Layer.provideMerge(mcpRoute, endpoint), { host: "127.0.0.1", port: 0 }).pipe(
  Layer.provide([FixturesLive, Gate.layerOpen([])]),
)

const serveFixtures = Effect.gen(function* () {
  const { address } = Context.get(yield* Layer.build(fixtures), HttpServer.HttpServer)
  return `http://127.0.0.1:${"port" in address ? address.port : 0}${mcpPath}`
})

const serveProduct = Effect.gen(function* () {
  const { url } = yield* serveHttp(yield* makeRelay())
  return url.href
})

/** Each serves until the scope closes. */
export const servers = [
  { target: "product", serve: serveProduct },
  { target: "fixtures", serve: serveFixtures },
] as const
