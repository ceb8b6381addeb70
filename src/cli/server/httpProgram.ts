/** Serves the fleet over HTTP, as the flags of `serve --http` say. */
import { Console, Context, Effect, Layer, Option, References } from "effect"
import { HttpServer, type HttpServerError } from "effect/http"
import { urlOf } from "../../discovery/address.ts"
import { toolsLayer } from "../../layers.ts"
import { errorCode } from "../../machine/errorCode.ts"
import { mcpPath } from "../../mcp/http/mcpPath.ts"
import type { Revisions } from "../../mcp/http/revisions.ts"
import * as FleetHttp from "../../serveFleetHttp.ts"
import { Settings } from "../../Settings.ts"
import { FleetToolkit, FleetToolkitWithStart } from "../../tools/FleetToolkit.ts"
import { isLoopbackHost } from "../../text/loopback.ts"
import { version } from "../../version.ts"
import * as Page from "../../web/page/Page.ts"
import { defaultAddress, type ListenAddress } from "../arguments/listenAddress.ts"
import { failedBecause, failedWith } from "../process/exitStatus.ts"
import { settingsLayer } from "../settings/settingsLayer.ts"
import type { AccessInput } from "./accessFlags.ts"
import { httpAccess } from "./httpAccess.ts"
import { logLines } from "./logLines.ts"
import { announceServer } from "./runningServers.ts"
import { unavailableWithoutHosts } from "./unavailable.ts"

/** What the flags say. */
export interface HttpInput extends AccessInput {
  readonly address: Option.Option<ListenAddress>
  readonly names: ReadonlyArray<string>
  readonly publicUrl: Option.Option<URL>
  /** Default: both. */
  readonly revision: Option.Option<Revisions>
}

const cannotListen = ({ host, port }: ListenAddress, { cause }: HttpServerError.ServeError) => {
  const url = urlOf(host, port)
  if (errorCode(cause) === "EADDRINUSE") {
    return failedBecause(
      `${url} is in use: another program is listening there, maybe another opencode-fleet serve --http. End it, or choose another port: serve --http ${host}:PORT`,
    )
  }
  return failedBecause(`Cannot listen on ${url}: ${cause instanceof Error ? cause.message : "unknown error"}`)
}

export const httpProgram = Effect.fnUntraced(
  function* (input: HttpInput) {
    const address = Option.getOrElse(input.address, () => defaultAddress)
    const access = yield* httpAccess(input, address, input.publicUrl)
    const settings = yield* Settings
    const options: FleetHttp.FleetHttpOptions = {
      ...address,
      names: input.names,
      publicUrl: Option.getOrUndefined(input.publicUrl),
      revisions: Option.getOrUndefined(input.revision),
    }
    const further = Layer.merge(Page.layer(settings), access.routes)
    const served =
      settings.sshHosts.length > 0
        ? FleetHttp.layer(FleetToolkitWithStart, options, further)
        : FleetHttp.layer(FleetToolkit, { ...options, unavailable: unavailableWithoutHosts }, further)
    const services = yield* Layer.build(Layer.provide(served, [toolsLayer(Settings), access.gate])).pipe(
      Effect.catchTags({
        ServeError: (error) => Effect.fail(cannotListen(address, error)),
        TokenFileUnusable: (error) => Effect.fail(failedWith(error)),
      }),
    )
    const { address: bound } = Context.get(services, HttpServer.HttpServer)
    const port = "port" in bound ? bound.port : address.port
    yield* announceServer(settings.stateDirectory, { ...address, port }, access.access)
    const own = urlOf(address.host, port)
    const url = Option.match(input.publicUrl, { onNone: () => own, onSome: ({ href }) => href.replace(/\/$/u, "") })
    const page = Option.exists(input.publicUrl, ({ pathname }) => pathname !== "/")
      ? `${own}/, ${isLoopbackHost(address.host) ? "on this machine only" : "reachable from every machine that can reach this address"}: it cannot be used below a path.`
      : `${url}/`
    yield* Console.error(`opencode-fleet ${version} is listening on ${own}

${[
  `MCP clients connect to ${url}${mcpPath}`,
  `The page for your browser is ${page}`,
  ...access.notes(`${url}${mcpPath}`),
  "Press Ctrl-C to stop it.",
].join("\n")}`)
    return yield* Effect.never
  },
  Effect.scoped,
  logLines,
  Effect.provideServiceEffect(
    References.MinimumLogLevel,
    Effect.map(Settings, ({ logLevel }) => logLevel),
  ),
  Effect.provide(settingsLayer),
)
