/** HTTP servers on bare sockets: they answer with exactly these bytes, and break off where networks and crashes do. */
import { Effect } from "effect"
import { createServer, type Socket } from "node:net"
import { close, listen } from "./loopback.ts"

export interface RawRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: string
  readonly body: string
  /** The number of requests with this method and path before this one. */
  readonly before: number
}

/** Sends the answer, or part of it. */
export type Answer = (socket: Socket) => void

/** The first whole request in the text, and what follows it. */
const parse = (text: string) => {
  const end = text.indexOf("\r\n\r\n")
  if (end < 0) return undefined
  const headers = text.slice(0, end)
  const length = Number(/^content-length: *(\d+)/imu.exec(headers)?.[1] ?? 0)
  if (text.length < end + 4 + length) return undefined
  const [method = "", path = ""] = headers.split(" ", 2)
  const body = text.slice(end + 4, end + 4 + length)
  return { request: { method, path, headers, body }, rest: text.slice(end + 4 + length) }
}

/** Closing the scope ends the server and its connections. */
export const rawHttp = Effect.fnUntraced(function* (answer: (request: RawRequest) => Answer) {
  const requests: Array<RawRequest> = []
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    let text = ""
    open.add(socket)
    socket.on("error", () => socket.destroy())
    socket.on("close", () => open.delete(socket))
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1")
      for (let next = parse(text); next !== undefined; next = parse(text)) {
        text = next.rest
        const { method, path } = next.request
        const before = requests.filter((other) => other.method === method && other.path === path).length
        const request = { ...next.request, before }
        requests.push(request)
        answer(request)(socket)
      }
    })
  })
  const port = yield* Effect.acquireRelease(listen(server), () =>
    Effect.suspend(() => {
      for (const socket of open) socket.destroy()
      return close(server)
    }),
  )
  return { url: `http://127.0.0.1:${port}`, port, requests, open }
})

const head = (status: number, headers: Readonly<Record<string, string | number>>) =>
  [`HTTP/1.1 ${status} Status`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), "", ""].join(
    "\r\n",
  )

export interface AnswerOptions {
  readonly status?: number
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A whole answer. */
export const answering =
  (body: string | Buffer, { headers = {}, status = 200, type = "application/json" }: AnswerOptions = {}): Answer =>
  (socket) => {
    const bytes = Buffer.from(body)
    socket.write(head(status, { "content-type": type, ...headers, "content-length": bytes.byteLength }))
    socket.write(bytes)
  }

export const answeringJson = (value: unknown, options?: AnswerOptions): Answer =>
  answering(JSON.stringify(value), options)

/** `FIN` after what was sent, or `RST`. */
export type Ending = "end" | "reset"

/** What arrives before the connection breaks. */
const pieces: Readonly<Record<string, (body: Buffer, options: AnswerOptions) => ReadonlyArray<string | Buffer>>> = {
  nothing: () => [],
  "half of the headers": () => ["HTTP/1.1 200 OK\r\nContent-Ty"],
  "the headers": (body, { status = 200, type = "application/json" }) => [
    head(status, { "content-type": type, "content-length": body.byteLength }),
  ],
  "half of a body with a length": (body, { headers = {}, status = 200, type = "application/json" }) => [
    head(status, { "content-type": type, ...headers, "content-length": body.byteLength }),
    body.subarray(0, body.byteLength / 2),
  ],
  "half of a body in chunks": (body, { headers = {}, status = 200, type = "application/json" }) => [
    head(status, { "content-type": type, ...headers, "transfer-encoding": "chunked" }),
    `${body.byteLength.toString(16)}\r\n`,
    body.subarray(0, body.byteLength / 2),
  ],
  "a body in chunks without the last one": (body, { headers = {}, status = 200, type = "application/json" }) => [
    head(status, { "content-type": type, ...headers, "transfer-encoding": "chunked" }),
    `${body.byteLength.toString(16)}\r\n`,
    body,
    "\r\n",
  ],
}

export const cuts: ReadonlyArray<string> = Object.keys(pieces)

/** Breaks the connection at one of {@link cuts} of the answer. */
export const cutting =
  (body: string | Buffer, cut: string, ending: Ending = "end", options: AnswerOptions = {}): Answer =>
  (socket) => {
    const sent = pieces[cut]?.(Buffer.from(body), options) ?? []
    for (const piece of sent) socket.write(piece)
    if (ending === "end") socket.end()
    // A reset would discard what was not sent yet.
    else socket.write("", () => socket.resetAndDestroy())
  }
