/** The HTTP server: its bounds, the checks of every request, and the routes. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { ByteSize, Duration, Effect, Layer } from "effect"
import { HttpIncomingMessage, HttpMiddleware, HttpRouter, HttpServer } from "effect/http"
import { createServer } from "node:http"
import { mcpPath } from "../mcp/http/mcpPath.ts"
import { type RequestCheckOptions, requestChecks } from "./requestChecks.ts"

export interface HttpServingOptions extends Omit<RequestCheckOptions, "sharedPaths"> {
  /** 0: any free one. */
  readonly port: number
}

const milliseconds = (duration: Duration.Input) => Duration.toMillis(duration)

/** `server.timeout` stays off, because it would cut answers that take long. */
const serverOptions = {
  // A client that sends nothing, or very slowly, is disconnected.
  headersTimeout: milliseconds("10 seconds"),
  requestTimeout: milliseconds("30 seconds"),
  connectionsCheckingInterval: milliseconds("2 seconds"),
  // Longer than the 60 s of most proxies, which would otherwise use a connection that is being closed.
  keepAliveTimeout: milliseconds("75 seconds"),
  maxHeaderSize: 16 * 1024,
}

/** The longest body on any path. */
const maxBodySize = ByteSize.mebibytes(1)

/** How long the requests that are still open at the end may take. A connection that has sent nothing takes as long. */
const gracefulShutdownTimeout = "200 millis"

const references = Layer.mergeAll(
  Layer.succeed(HttpIncomingMessage.MaxBodySize, maxBodySize),
  // The calls of tools have spans of their own; a request may be a stream that lasts for hours.
  Layer.succeed(HttpMiddleware.TracerDisabledWhen, () => true),
)

/** Serves the routes. The server is listening when the layer is built. */
export const layer = <A, E, R>(routes: Layer.Layer<A, E, R>, { host, port, ...options }: HttpServingOptions) => {
  const checks = requestChecks({ ...options, host, sharedPaths: [mcpPath] })
  const serving = HttpRouter.serve(Layer.merge(routes, checks), { disableLogger: true, disableListenLog: true })
  const listening = Effect.sync(() => {
    const server = createServer(serverOptions)
    // After the time for the answers that are still being sent. Otherwise a client that sends nothing would keep the server.
    const disconnectsAll = Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
    return Layer.effectDiscard(Effect.andThen(HttpServer.HttpServer, disconnectsAll)).pipe(
      Layer.provideMerge(NodeHttpServer.layerServer(() => server, { host, port, gracefulShutdownTimeout })),
    )
  })
  return serving.pipe(Layer.provideMerge(Layer.unwrap(listening)), Layer.provide(references))
}
