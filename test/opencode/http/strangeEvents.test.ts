/** A turn goes on whatever its server's event stream holds, over real sockets and with both versions. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import * as HttpTransport from "../../../src/opencode/http/HttpTransport.ts"
import { OpencodeClient } from "../../../src/opencode/Opencode.ts"
import * as OpencodeV1 from "../../../src/opencode/v1/OpencodeV1.ts"
import * as OpencodeV2 from "../../../src/opencode/v2/OpencodeV2.ts"
import { target } from "../../support/overFake.ts"
import { type Answer, rawHttp } from "../../support/rawHttp.ts"
import { within } from "../../support/patience.ts"

const versions = [
  {
    name: "opencode 1",
    client: OpencodeV1.layer.pipe(Layer.provide(HttpTransport.layer)),
    frame: (type: string, properties: object) => ({ directory: "/work", payload: { id: "evt_1", type, properties } }),
  },
  {
    name: "opencode 2",
    client: OpencodeV2.layer.pipe(Layer.provide(HttpTransport.layer)),
    frame: (type: string, data: object) => ({ id: "evt_1", type, data, created: 1 }),
  },
] as const

/** An event stream of these pieces, which stays open. */
const streaming =
  (...pieces: ReadonlyArray<string>): Answer =>
  (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
    for (const piece of pieces) socket.write(piece)
  }

const data = (value: object) => `data: ${JSON.stringify(value)}\n\n`

const eventsUntilDeleted = Effect.fnUntraced(function* (answer: Answer) {
  const { url } = yield* rawHttp(() => answer)
  const opencode = (yield* OpencodeClient).at({ ...target, url })
  const events = yield* Stream.runCollect(
    Stream.takeUntil(yield* opencode.events, ({ _tag }) => _tag === "SessionDeleted"),
  ).pipe(within("the last event"))
  return [...events].map(({ _tag }) => _tag).filter((tag) => tag === "Connected" || tag === "SessionDeleted")
}, Effect.scoped)

describe.each(versions)("The event stream of $name", ({ client, frame }) => {
  const info = { id: "ses_1", title: "One", directory: "/work", time: { created: 1, updated: 1 } }
  const connected = data(frame("server.connected", {}))
  const deleted = data(frame("session.deleted", { sessionID: "ses_1", info }))

  it.live.each<readonly [string, string]>([
    ["an event that is no JSON", "data: {broken\n\n"],
    ["an event that is no object", "data: 7\n\ndata: null\n\ndata: []\n\n"],
    ["an event of an unknown type", data(frame("galaxy.collided", { with: "andromeda" }))],
    ["an event of another shape", data(frame("session.deleted", { sessionID: 7 }))],
    ["an event without a type", data({ directory: "/work" })],
    ["a retry: line", "retry: 100\n\n"],
    ["a comment", ": still here\n\n"],
    ["an id: line", "id: 12\n\n"],
  ])("goes on after %s", ([, strange]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* eventsUntilDeleted(streaming(connected, strange, deleted)), [
        "Connected",
        "SessionDeleted",
      ])
    }).pipe(Effect.provide(client)),
  )
})
