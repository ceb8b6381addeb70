/** The servers under test: the executable, and the tools of the suite served by the library. */
import { Context, Effect, FileSystem, Layer } from "effect"
import { HttpServer } from "effect/http"
import { Gate } from "../../src/mcp/access/Gate.ts"
import { makeEndpoint } from "../../src/mcp/http/Endpoint.ts"
import { McpEndpoint, mcpPath, mcpRoute } from "../../src/mcp/http/McpEndpoint.ts"
import { ownTokenFile } from "../../src/settings/directories.ts"
import * as HttpServing from "../../src/web/HttpServing.ts"
import { makeRelay } from "../support/Executable.ts"
import { serveHttp } from "../support/HttpServed.ts"
import { Fixtures } from "./fixtureTools.ts"
import { FixturesLive } from "./fixtures.ts"
import { makeTokenProxy } from "./tokenProxy.ts"

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

/** The same with the token that the executable makes for its user. */
const serveWithToken = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const relay = yield* makeRelay()
  const { port } = yield* serveHttp(relay, { args: [] })
  const token = yield* fs.readFileString(ownTokenFile(`${relay.home}/.local/state/opencode-fleet`))
  return `http://127.0.0.1:${yield* makeTokenProxy(port, token.trim())}${mcpPath}`
})

/** Each serves until the scope closes. */
export const servers = [
  { title: "product", target: "product", serve: serveProduct },
  { title: "with a token", target: "product", serve: serveWithToken },
  { title: "fixtures", target: "fixtures", serve: serveFixtures },
] as const
