/** A fake opencode on a port of its own, whose answers a test spoils on their way: a network, a proxy, another program. */
import { Effect, FiberSet, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import { routes } from "../../../src/testing/routes.ts"
import { listening } from "../../support/loopback.ts"

/** The fake's whole answer. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** A request that has arrived whole, and the connection that its answer goes to. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Lets the request take effect, and returns the answer without sending it. Its body may have no end. */
  readonly open: Effect.Effect<Response>
  /** The same with the body read to its end. */
  readonly answer: Effect.Effect<Answer>
  /** Lets the request take effect, and sends the answer, event streams included. */
  readonly pass: Effect.Effect<void>
  /** The URL of another server, which no request may reach. */
  readonly elsewhere: string
}

/** What happens to a request in place of its answer. It is interrupted when the client disconnects. */
export type WireFault = (exchange: Exchange) => Effect.Effect<void>

/** The fault of the requests whose method and path match, `times` times. Default: always. */
export interface Armed {
  readonly at: RegExp
  readonly fault: WireFault
  readonly times?: number
  /** Only once a request that changes something has taken effect. Default: from the beginning. */
  readonly afterWrite?: boolean
}

export interface FaultyOptions {
  /** Runs when a request that changes something has taken effect: after its answer was sent, or instead of that. */
  readonly onWrite?: Effect.Effect<void>
  /** See {@link Exchange}. */
  readonly elsewhere?: string
}

const read = (request: IncomingMessage) =>
  Effect.promise(async () => {
    const chunks: Array<Buffer> = []
    for await (const chunk of request) chunks.push(chunk)
    return Buffer.concat(chunks)
  })

const webRequest = (request: IncomingMessage, body: Buffer, port: number, signal: AbortSignal) =>
  new Request(`http://127.0.0.1:${port}${request.url}`, {
    method: request.method ?? "GET",
    headers: Object.entries(request.headers).flatMap(([name, value]): Array<[string, string]> =>
      value === undefined ? [] : [[name, String(value)]],
    ),
    signal,
    ...(body.byteLength === 0 ? {} : { body }),
  })

/** Starts the server, and returns its port. Closing the scope ends it. */
export const startFaultyServer = Effect.fn("startFaultyServer")(function* (
  fake: FakeState,
  armed: ReadonlyArray<Armed>,
  { elsewhere = "http://elsewhere.test/", onWrite = Effect.void }: FaultyOptions = {},
) {
  const { dispose, handler } = HttpRouter.toWebHandler(Layer.provide(routes(fake), HttpServer.layerServices), {
    disableLogger: true,
  })
  yield* Effect.addFinalizer(() => Effect.promise(dispose))
  const remaining = armed.map((each) => ({ times: Number.POSITIVE_INFINITY, ...each }))
  const run = yield* FiberSet.makeRuntime<never>()
  let port = 0
  let hasWritten = false

  const serve = Effect.fnUntraced(function* (request: IncomingMessage, response: ServerResponse) {
    const body = yield* read(request)
    const isWrite = request.method !== "GET"
    const written = Effect.sync(() => void (isWrite && run(onWrite)))
    const take = Effect.promise((signal) => handler(webRequest(request, body, port, signal))).pipe(
      Effect.tap(() =>
        Effect.sync(() => {
          hasWritten ||= isWrite
        }),
      ),
    )
    const ask = Effect.tap(take, written)
    const exchange: Exchange = {
      request,
      response,
      elsewhere,
      open: ask,
      answer: Effect.flatMap(ask, (answer) =>
        Effect.promise(async () => ({
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
          body: Buffer.from(await answer.arrayBuffer()),
        })),
      ),
      // The client may disconnect as soon as it has the answer, which interrupts this.
      pass: Effect.flatMap(take, (answer) => {
        response.once("finish", () => run(written))
        response.writeHead(answer.status, Object.fromEntries(answer.headers))
        if (answer.body === null) return Effect.sync(() => void response.end())
        const source = Readable.fromWeb(answer.body)
        return Effect.ignore(Effect.tryPromise((signal) => pipeline(source, response, { signal })))
      }),
    }
    const path = new URL(request.url ?? "/", "http://fake.test").pathname
    const found = remaining.find(
      ({ afterWrite = false, at, times }) =>
        times > 0 && (!afterWrite || hasWritten) && at.test(`${request.method} ${path}`),
    )
    if (found === undefined) return yield* exchange.pass
    found.times -= 1
    yield* found.fault(exchange)
  })

  const server = createServer((request, response) => {
    response.on("error", () => {})
    const fiber = run(serve(request, response))
    response.on("close", () => fiber.interruptUnsafe())
  })
  port = yield* listening(server)
  return port
})
