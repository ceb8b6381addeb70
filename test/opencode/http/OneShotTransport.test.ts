/** Unknown servers on real sockets, which may answer anything. */
import * as OpencodeV1 from "../../../src/opencode/v1/OpencodeV1.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { createServer, type Socket } from "node:net"
import { Identification, type Verdict } from "../../../src/discovery/identification/Identification.ts"
import * as OneShotTransport from "../../../src/opencode/http/OneShotTransport.ts"

import { announcement } from "../../discovery/announcements.ts"
import { close, listen } from "../../support/loopback.ts"
import { eventually } from "../../support/eventually.ts"

const identification = Identification.layer({
  credentials: { username: "ada", password: Redacted.make("hunter2-Zk9") },
}).pipe(Layer.provide(OpencodeV1.layer), Layer.provide(OneShotTransport.layer))

/** A server with this connection listener, and what each connection has received. */
const stranger = Effect.fnUntraced(function* (meet: (socket: Socket, request: string) => void) {
  const open = new Set<Socket>()
  const heard: Array<string> = []
  const server = createServer((socket) => {
    const index = heard.push("") - 1
    open.add(socket)
    socket.on("error", () => socket.destroy())
    socket.on("close", () => open.delete(socket))
    socket.on("data", (data) => {
      heard[index] += data.toString()
      meet(socket, data.toString())
    })
  })
  const port = yield* Effect.acquireRelease(listen(server), () =>
    Effect.suspend(() => {
      for (const socket of open) socket.destroy()
      return close(server)
    }),
  )
  return { url: `http://127.0.0.1:${port}`, heard, open }
})

const verdict = (url: string, timeout = 5000) =>
  Effect.flatMap(Identification, ({ identify }) => identify({ url, timeout, mayHavePassword: true })).pipe(
    Effect.provide(identification),
  )

const http = (status: string, headers: string, body: string) => (socket: Socket) =>
  socket.end(`HTTP/1.1 ${status}\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`)

const json = "Content-Type: application/json\r\n"
const healthy = '{"healthy":true,"version":"1.18.33"}'

describe("An unknown server", () => {
  const answers: ReadonlyArray<readonly [string, (socket: Socket) => void, Verdict["_tag"]]> = [
    ["speaks as opencode does", http("200 OK", json, healthy), "Opencode"],
    [
      "asks for a password as opencode does",
      http("401 No", 'WWW-Authenticate: Basic realm="Secure Area"\r\n', ""),
      "Opencode",
    ],
    ["speaks no HTTP", (socket) => socket.end("SSH-2.0-OpenSSH_9.2p1\r\n"), "Other"],
    ["hangs up", (socket) => socket.destroy(), "Other"],
    [
      "breaks off in the middle",
      (socket) => socket.end(`HTTP/1.1 200 OK\r\n${json}Content-Length: 999\r\n\r\n{"heal`),
      "Other",
    ],
    ["changes the protocol", http("101 Switching Protocols", "Upgrade: x\r\nConnection: Upgrade\r\n", ""), "Other"],
    ["has a status that is none", http("999 What", json, healthy), "Other"],
    ["has a header that is none", http("200 OK", `${json}X: \u0001\r\n`, healthy), "Other"],
    ["redirects to an opencode", http("302 Found", "Location: http://127.0.0.1:4096/global/health\r\n", ""), "Other"],
    [
      "never stops",
      (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${json}\r\n`)
        const more = () => {
          while (socket.writable && socket.write("x".repeat(65_536)));
        }
        socket.on("drain", more)
        more()
      },
      "Other",
    ],
  ]

  it.live.each(answers)("that %s is identified as such, and gets one request on one connection", ([, meet, expected]) =>
    Effect.gen(function* () {
      const { heard, url } = yield* stranger(meet)
      assert.strictEqual((yield* verdict(url))._tag, expected)
      const requests = heard.flatMap((text) => text.match(/^\w+ \S+ HTTP/gmu) ?? [])
      const [first, ...others] = requests
      assert.strictEqual(first, "GET /global/health HTTP")
      // An opencode that lets everybody in is asked where it works, too.
      assert.isAtMost(others.length, expected === "Opencode" ? 1 : 0)
      assert.lengthOf(heard, requests.length)
    }),
  )

  it.live("that requires a password receives it with the next request, and not before", () =>
    Effect.gen(function* () {
      const { heard, url } = yield* stranger(http("401 No", 'WWW-Authenticate: Basic realm="Secure Area"\r\n', ""))
      yield* verdict(url)
      const sent = `authorization: Basic ${Buffer.from("ada:hunter2-Zk9").toString("base64")}`
      assert.deepStrictEqual(
        heard.map((request) => request.includes(sent)),
        [false, true],
      )
    }),
  )

  it.live("that is an opencode reports its machine mark, however large the images of its project", () =>
    Effect.gen(function* () {
      const picture = `data:image/png;base64,${"A".repeat(200_000)}`
      const project = { id: "global", time: { created: 1_795_571_041_095 }, icon: { url: picture, override: picture } }
      const place = { directory: "/work/shop", worktree: "/" }
      const { url } = yield* stranger((socket, request) =>
        http("200 OK", json, JSON.stringify(request.startsWith("GET /project/current") ? project : place))(socket),
      )
      const { fingerprintOf } = yield* Identification
      assert.isTrue(Option.isSome(yield* fingerprintOf(announcement("shop", 0, { url }))))
    }).pipe(Effect.provide(identification)),
  )

  it.live("that does not answer is disconnected at the timeout", () =>
    Effect.gen(function* () {
      const { heard, open, url } = yield* stranger(() => undefined)
      assert.strictEqual((yield* verdict(url, 50))._tag, "Silent")
      yield* Effect.sync(() => open.size).pipe(eventually((count) => count === 0, "1 millis"))
      assert.lengthOf(heard, 1)
    }),
  )

  it.live("that does not exist is Refused", () =>
    Effect.gen(function* () {
      const { url } = yield* Effect.scoped(stranger(() => undefined))
      for (const there of [url, url.replace("http:", "https:")]) {
        assert.strictEqual((yield* verdict(there))._tag, "Refused")
      }
    }),
  )
})
