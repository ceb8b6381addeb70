/** Connections that break within an answer, at every place and on every kind of route, over real sockets. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { gzipSync } from "node:zlib"
import * as HttpTransport from "../../../src/opencode/http/HttpTransport.ts"
import type { ClientError } from "../../../src/opencode/errors.ts"
import { type Opencode, OpencodeClient } from "../../../src/opencode/Opencode.ts"
import * as OpencodeV1 from "../../../src/opencode/v1/OpencodeV1.ts"
import * as OpencodeV2 from "../../../src/opencode/v2/OpencodeV2.ts"
import { here, msg, session } from "../../../src/testing/samples.ts"
import { target } from "../../support/overFake.ts"
import { type Answer, answering, answeringJson, cuts, cutting, type Ending, rawHttp } from "../../support/rawHttp.ts"

const client1 = OpencodeV1.layer.pipe(Layer.provide(HttpTransport.layer))
const client2 = OpencodeV2.layer.pipe(Layer.provide(HttpTransport.layer))

const at = (url: string) => Effect.map(OpencodeClient, (client) => client.at({ ...target, url }))

const stored = JSON.stringify(session("main"))

const endings: ReadonlyArray<Ending> = ["end", "reset"]

const places = cuts.flatMap((cut) => endings.map((ending) => [cut, ending] as const))

const breaksAt = (cut: string, ending: Ending) => cutting(stored, cut, ending)

const isBroken = (error: ClientError) => error._tag === "InstanceUnreachable" && error.mayHaveArrived

describe("A connection that breaks within an answer", () => {
  it.live.each(places)("after %s (%s): a read is repeated", ([cut, ending]) =>
    Effect.gen(function* () {
      const { requests, url } = yield* rawHttp(({ before }) =>
        before === 0 ? breaksAt(cut, ending) : answering(stored),
      )
      assert.deepStrictEqual(yield* (yield* at(url)).session(here), session("main"))
      assert.lengthOf(requests, 2)
    }).pipe(Effect.provide(client1)),
  )

  it.live.each(places)("after %s (%s): a write is sent once, and may have arrived", ([cut, ending]) =>
    Effect.gen(function* () {
      const { requests, url } = yield* rawHttp(() => breaksAt(cut, ending))
      const error = yield* Effect.flip((yield* at(url)).abort(here))
      assert.isTrue(isBroken(error), `${error._tag}: ${error.message}`)
      assert.lengthOf(requests, 1)
    }).pipe(Effect.provide(client1)),
  )

  const everyRequest: ReadonlyArray<readonly [string, (opencode: Opencode) => Effect.Effect<unknown, ClientError>]> = [
    ["health", ({ health }) => health(5000)],
    ["location", ({ location }) => location(5000)],
    ["agents", ({ agents }) => agents("/work")],
    ["models", ({ models }) => models("/work")],
    ["sessions", ({ sessions }) => sessions],
    ["session", ({ session }) => session(here)],
    ["statuses", ({ statuses }) => statuses("/work")],
    ["messages", ({ messages }) => messages(here, { limit: 5 })],
    ["diff", ({ diff }) => diff(here, msg("1"))],
    ["prompt", ({ prompt }) => prompt(here, { messageID: msg("1"), text: "Do it" })],
    ["abort", ({ abort }) => abort(here)],
    ["pending requests", ({ pendingRequests }) => pendingRequests("/work")],
    ["events", ({ events }) => events],
  ]

  it.live.each(everyRequest)("of opencode 1 is a broken connection on each route: %s", ([, ask]) =>
    Effect.gen(function* () {
      const { url } = yield* rawHttp(() => cutting("[".repeat(100), "half of the headers"))
      const error = yield* Effect.flip(ask(yield* at(url)))
      assert.isTrue(isBroken(error), `${error._tag}: ${error.message}`)
    }).pipe(Effect.provide(client1)),
  )

  it.live.each(everyRequest.filter(([name]) => name !== "events"))(
    "of opencode 2 is a broken connection on each route: %s",
    ([, ask]) =>
      Effect.gen(function* () {
        const { url } = yield* rawHttp(() => cutting("[".repeat(100), "half of a body in chunks"))
        const error = yield* Effect.flip(ask(yield* at(url)))
        assert.isTrue(isBroken(error), `${error._tag}: ${error.message}`)
      }).pipe(Effect.provide(client2)),
  )

  const compressed = gzipSync(stored)
  const headers = { "content-encoding": "gzip" }

  it.live.each<readonly [string, Answer]>([
    ["the connection ends", cutting(compressed, "half of a body with a length", "end", { headers })],
    ["a proxy completes the answer", answering(compressed.subarray(0, -12), { headers })],
  ])("within compressed content: a read is repeated, whether %s", ([, cut]) =>
    Effect.gen(function* () {
      const { requests, url } = yield* rawHttp(({ before }) =>
        before === 0 ? cut : answering(compressed, { headers }),
      )
      assert.deepStrictEqual(yield* (yield* at(url)).session(here), session("main"))
      assert.lengthOf(requests, 2)
    }).pipe(Effect.provide(client1)),
  )

  it.live("is told apart from JSON that is complete and wrong, which is not repeated", () =>
    Effect.gen(function* () {
      const { requests, url } = yield* rawHttp(() => answering('{"id":'))
      const error = yield* Effect.flip((yield* at(url)).session(here))
      assert.strictEqual(error._tag, "UnexpectedResponse", error.message)
      assert.lengthOf(requests, 1)
    }).pipe(Effect.provide(client1)),
  )
})

describe("The size of an answer", () => {
  it.live("is bounded after decompression", () =>
    Effect.gen(function* () {
      const bomb = gzipSync(JSON.stringify({ healthy: true, version: "1".repeat(50_000_000) }))
      const { requests, url } = yield* rawHttp(() => answering(bomb, { headers: { "content-encoding": "gzip" } }))
      const error = yield* Effect.flip((yield* at(url)).health(5000))
      assert.strictEqual(error._tag, "UnexpectedResponse", error.message)
      assert.include(error.message, "more than 65536 bytes")
      assert.lengthOf(requests, 1)
    }).pipe(Effect.provide(client1)),
  )

  it.live("of an event stream that was not asked for is bounded, too: nothing of it is read", () =>
    Effect.gen(function* () {
      let sent = 0
      const { url } = yield* rawHttp(() => (socket) => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        const more = () => {
          while (socket.writable && socket.write("x".repeat(65_536))) sent += 65_536
        }
        socket.on("drain", more)
        more()
      })
      const error = yield* Effect.flip((yield* at(url)).health(5000))
      assert.strictEqual(error._tag, "UnexpectedResponse", error.message)
      assert.isBelow(sent, 32 * 1024 * 1024)
    }).pipe(Effect.provide(client1)),
  )

  it.live("is not limited by unknown encodings: such an answer is refused", () =>
    Effect.gen(function* () {
      const { url } = yield* rawHttp(() => answeringJson({}, { headers: { "content-encoding": "zstd" } }))
      const error = yield* Effect.flip((yield* at(url)).session(here))
      assert.isTrue(error._tag === "UnexpectedResponse" && error.detail.includes("zstd"), error.message)
    }).pipe(Effect.provide(client1)),
  )
})
