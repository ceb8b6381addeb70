/**
 * A proxy in front of opencode 2's background service, on a port of 127.0.0.1, for the tunnel to the relay. Its clients
 * authenticate with the fleet's password; the service's own password never leaves this machine.
 */
import { Effect, FiberSet, Schema } from "effect"
import { Agent, createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { opencodeChallenge } from "../../opencode/http/clientErrors.ts"
import type { Credentials } from "../../opencode/Target.ts"
import { checkAuthorization } from "./checkAuthorization.ts"
import { forward, hasBody, type Upstream } from "./forward.ts"

/** The service does not answer, and why: a sentence that continues after "the service". */
export class ServiceAway extends Schema.TaggedError<ServiceAway>()("ServiceAway", { reason: Schema.String }) {
  override get message() {
    return `opencode's service ${this.reason}`
  }
}

export interface ProxyOptions {
  /** What clients must send. */
  readonly credentials: Credentials
  /** Where the service is and what it must be sent. Evaluated for each request, because a restart can change everything. */
  readonly upstream: Effect.Effect<Upstream, ServiceAway>
}

/** Milliseconds for which an unused connection to the service is kept: less than a server does. */
const keptFor = 4000

const isWebSocket = ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === "websocket"

/** Answers without having read the request. */
const refuse = (
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
) => {
  // The unread body would otherwise be read as far as it goes.
  if (hasBody(request)) response.shouldKeepAlive = false
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body)
}

const json = { "content-type": "application/json" }

/** In the shape in which opencode says that it is not ready. */
const awayBody = (message: string) => JSON.stringify({ code: "service_away", message })

/** Listens until the scope closes, which ends all requests. Returns the port. */
export const openProxy = Effect.fn("openProxy")(function* ({ credentials, upstream }: ProxyOptions) {
  const isAuthorized = checkAuthorization(credentials)
  const agent = yield* Effect.acquireRelease(
    Effect.sync(() => new Agent({ keepAlive: true, timeout: keptFor })),
    (agent) => Effect.sync(() => agent.destroy()),
  )
  const run = yield* FiberSet.makeRuntime<never>()

  const pass = (request: IncomingMessage, response: ServerResponse) =>
    upstream.pipe(
      Effect.flatMap((service) => forward(request, response, service, agent)),
      Effect.catchTag("NotConnected", ({ detail }) => new ServiceAway({ reason: `refuses connections (${detail})` })),
      Effect.catch(({ message }) =>
        Effect.sync(() => {
          refuse(request, response, 503, { ...json, "retry-after": "1" }, awayBody(message))
        }),
      ),
    )

  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    if (!isAuthorized(request.headers.authorization)) {
      return refuse(request, response, 401, { "www-authenticate": opencodeChallenge }, "")
    }
    if (isWebSocket(request)) {
      const message = "WebSockets do not pass through opencode-fleet's tunnel"
      return refuse(request, response, 501, json, JSON.stringify({ _tag: "NotImplementedError", message }))
    }
    return void run(pass(request, response))
  }

  const server = createServer(onRequest)
  // Otherwise Node would ask for the body before the password is checked.
  server.on("checkContinue", (request, response) => {
    if (isAuthorized(request.headers.authorization)) response.writeContinue()
    onRequest(request, response)
  })
  yield* Effect.acquireRelease(
    Effect.callback<void, Error>((resume) => {
      server.once("error", (error) => resume(Effect.fail(error)))
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      }),
  ).pipe(Effect.orDie)
  const address = server.address()
  return address === null || typeof address === "string" ? yield* Effect.die(new Error("no port")) : address.port
})
