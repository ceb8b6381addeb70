/** What else reaches a server: connections that say nothing or half of something, pages, wrong tokens, other hosts. */
import { Effect, Random } from "effect"
import { connect } from "node:net"
import { pick } from "../../support/pick.ts"
import { exchange, nothingArrived } from "./exchange.ts"

export interface Disturbed {
  readonly url: string
  readonly token: () => string
}

/** Sends the bytes, and resets the connection after this time, in milliseconds. */
const halfRequest = (url: string, bytes: string, milliseconds: number) =>
  Effect.callback<void>((resume) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(bytes))
    const end = () => resume(Effect.void)
    socket.on("error", end)
    socket.on("close", end)
    socket.resume()
    const timer = setTimeout(() => socket.resetAndDestroy(), milliseconds)
    return Effect.sync(() => {
      clearTimeout(timer)
      socket.destroy()
    })
  })

const beginnings = (token: string) => [
  "",
  "POST /mcp HTTP/1.1\r\nHo",
  `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"jsonrpc`,
  `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"js`,
  "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
  "\u0016\u0003\u0001",
]

const paths = ["/", "/live", "/login", "/nowhere", "/sessions?instance=soak-0&id=x", "/instances?name=soak-1", "/mcp"]

/** One of them, chosen at random. */
export const disturb = Effect.fnUntraced(function* ({ token, url }: Disturbed) {
  const milliseconds = yield* Random.nextIntBetween(0, 800)
  if (yield* Random.nextBoolean) {
    const bytes = yield* pick(beginnings(token()))
    return yield* halfRequest(url, bytes, milliseconds)
  }
  const path = yield* pick(paths)
  const key = (yield* Random.next) < 0.8 ? token() : "a-token-that-nobody-has"
  const request = { url: new URL(path, url).href, method: "GET", headers: { authorization: `Bearer ${key}` } } as const
  yield* Effect.timeoutOption(exchange(request, nothingArrived()), milliseconds)
})
