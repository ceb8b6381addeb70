/** What networks, proxies and other programs do to a request. */
import { Effect, Stream, Struct } from "effect"
import { gzipSync } from "node:zlib"
import type { Answer, Exchange, WireFault } from "./FaultyServer.ts"
import { type Operation, operations } from "./operations.ts"

type Headers = Readonly<Record<string, string>>

const json: Headers = { "content-type": "application/json" }

const send =
  (status: number, body: string | Buffer, headers: Headers = json) =>
  ({ response }: Exchange) =>
    Effect.sync(() => void response.writeHead(status, headers).end(body))

/** Answers in place of opencode: the request has no effect. */
export const reply = (status: number, body: unknown, headers: Headers = json): WireFault =>
  send(status, typeof body === "string" ? body : JSON.stringify(body), headers)

/** The same after the request has taken effect. */
export const replyAfter =
  (status: number, body: unknown, headers: Headers = json): WireFault =>
  (exchange) =>
    Effect.andThen(exchange.answer, reply(status, body, headers)(exchange))

/** The error page of a proxy. */
export const proxyPage = (status: number): WireFault =>
  reply(status, `<html><head><title>${status} from nginx</title></head></html>`, { "content-type": "text/html" })
export const proxyPageAfter = (status: number): WireFault =>
  replyAfter(status, `<html><head><title>${status} from nginx</title></head></html>`, { "content-type": "text/html" })

/** opencode's answer with another body. */
export const changed =
  (change: (body: unknown) => unknown): WireFault =>
  (exchange) =>
    Effect.flatMap(exchange.answer, ({ body, headers, status }) => {
      const { "content-length": _, ...rest } = headers
      return send(status, JSON.stringify(change(JSON.parse(body.toString()))), rest)(exchange)
    })

/** The connection breaks before any of the request has taken effect. */
export const lost: WireFault = ({ request }) => Effect.sync(() => void request.socket.destroy())
/** The request takes effect, and the connection breaks before its answer. */
export const cutBeforeAnswer: WireFault = (exchange) => Effect.andThen(exchange.answer, lost(exchange))

const cutting = (write: (exchange: Exchange, answer: Answer) => void): WireFault =>
  Effect.fnUntraced(function* (exchange: Exchange) {
    const answer = yield* exchange.answer
    write(exchange, answer)
    // What was written leaves before the connection breaks.
    yield* Effect.yieldNow
    yield* Effect.callback<void>((resume) => {
      const { socket } = exchange.request
      socket.write("", () => resume(Effect.sync(() => void socket.destroy())))
    })
  })

const half = (body: Buffer) => body.subarray(0, Math.ceil(body.byteLength / 2))

/** In the middle of the status line. */
export const cutInHead = cutting(({ request }) => void request.socket.write("HTTP/1.1 20"))
/** In the middle of a body whose length was announced. */
export const cutInBody = cutting(({ response }, { body, headers, status }) => {
  response.writeHead(status, { ...headers, "content-length": String(body.byteLength + 1) })
  response.write(half(body))
})
/** In the middle of a body in chunks, without their end. */
export const cutInChunks = cutting(({ response }, { body, headers, status }) => {
  const { "content-length": _, ...rest } = headers
  response.writeHead(status, rest)
  response.write(half(body))
})
/** In the middle of a compressed body. */
export const cutInGzip = cutting(({ response }, { body, headers, status }) => {
  const { "content-length": _, ...rest } = headers
  response.writeHead(status, { ...rest, "content-encoding": "gzip" })
  response.write(half(gzipSync(body)))
})

/** The request takes no effect and is never answered. */
export const hang: WireFault = () => Effect.never
/** The request takes effect and is never answered. */
export const hangAfter: WireFault = ({ answer }) => Effect.andThen(answer, Effect.never)
/** The body never ends. */
export const hangInBody: WireFault = (exchange) =>
  Effect.flatMap(exchange.answer, ({ body, headers, status }) => {
    const { "content-length": _, ...rest } = headers
    exchange.response.writeHead(status, rest)
    exchange.response.write(half(body))
    return Effect.never
  })

/** Another protocol. */
export const notHttp: WireFault = ({ request }) => Effect.sync(() => void request.socket.end("SSH-2.0-OpenSSH_9.6\r\n"))

/** A body without end, as fast as the client reads. */
export const endless = (contentType: string, chunk = Buffer.alloc(4 * 1024 * 1024, 32)): WireFault =>
  Effect.fnUntraced(function* ({ response }: Exchange) {
    response.writeHead(200, { "content-type": contentType })
    const write = Effect.callback<void>((resume) => {
      if (response.write(chunk)) resume(Effect.void)
      else response.once("drain", () => resume(Effect.void))
    })
    return yield* Effect.forever(Effect.andThen(write, Effect.yieldNow))
  })

/** A small answer that unpacks to 300 MB of JSON. */
export const gzipBomb: WireFault = send(200, gzipSync(Buffer.alloc(300 * 1024 * 1024, 32)), {
  ...json,
  "content-encoding": "gzip",
})

/** Sends the client to another server, which counts its connections. */
export const redirect =
  (status: number): WireFault =>
  (exchange) =>
    send(status, "", { location: exchange.elsewhere })(exchange)

/** The same for every kind of request. */
export const everywhere = (fault: WireFault): ReadonlyArray<{ readonly to: Operation; readonly fault: WireFault }> =>
  Struct.keys(operations[1]).map((to) => ({ to, fault }))

/** The request takes effect, and its answer has these headers besides its type. */
export const withHead = (headers: (bytes: number) => string) =>
  cutting(({ request }, { body, status }) => {
    const head = `HTTP/1.1 ${status} Fine\r\ncontent-type: application/json\r\n${headers(body.byteLength)}\r\n`
    request.socket.write(Buffer.concat([Buffer.from(head), body]))
  })

/** Sends the answer, event streams included, in pieces of so many bytes with this pause after each, in milliseconds. */
export const inPieces =
  (size: number, pause: number): WireFault =>
  ({ open, request, response }) =>
    Effect.flatMap(open, ({ body, headers, status }) => {
      const { "content-length": _, ...rest } = Object.fromEntries(headers)
      request.socket.setNoDelay(true)
      response.writeHead(status, rest)
      const pieces = body === null ? Stream.empty : Stream.fromReadableStream({ evaluate: () => body, onError: String })
      return pieces.pipe(
        Stream.runForEach((chunk: Uint8Array) =>
          Effect.forEach(
            Array.from({ length: Math.ceil(chunk.byteLength / size) }, (_, index) =>
              chunk.subarray(index * size, (index + 1) * size),
            ),
            (piece) =>
              Effect.andThen(
                Effect.sync(() => response.write(piece)),
                pause === 0 ? Effect.yieldNow : Effect.sleep(pause),
              ),
            { discard: true },
          ),
        ),
        Effect.ignore,
        Effect.ensuring(Effect.sync(() => response.end())),
      )
    })
