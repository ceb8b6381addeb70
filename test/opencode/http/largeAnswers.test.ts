/** Whatever the size of an answer, the other calls go on while it is read. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import * as HttpTransport from "../../../src/opencode/http/HttpTransport.ts"
import { OpencodeClient } from "../../../src/opencode/Opencode.ts"
import * as OpencodeV1 from "../../../src/opencode/v1/OpencodeV1.ts"
import * as OpencodeV2 from "../../../src/opencode/v2/OpencodeV2.ts"
import { here, msg, permission, session, textPart, user } from "../../../src/testing/samples.ts"
import { target } from "../../support/overFake.ts"
import { answeringJson, rawHttp } from "../../support/rawHttp.ts"
import { turnsDuring } from "../../support/turnsDuring.ts"

const MiB = 1024 * 1024

const large = msg("1")

const entry = { type: "user", id: large, time: { created: 1 } }

const wireSession = (name: string) => ({
  id: `ses_${name}`,
  title: name,
  location: { directory: "/work" },
  time: { created: 1, updated: 1 },
})

const versions = [
  {
    version: "opencode 1",
    make: OpencodeV1.layer,
    page: (text: string) => [{ info: user(large).info, parts: [textPart(large, text)] }],
    sessions: (names: ReadonlyArray<string>) => names.map((name) => session(name)),
  },
  {
    version: "opencode 2",
    make: OpencodeV2.layer,
    page: (text: string) => ({ data: [{ ...entry, text }], cursor: {} }),
    sessions: (names: ReadonlyArray<string>) => ({ data: names.map(wireSession), cursor: {} }),
  },
]

/** Answers every request with this text. */
const always = (body: string) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.sync(() =>
        HttpClientResponse.fromWeb(request, new Response(body, { headers: { "content-type": "application/json" } })),
      ),
    ),
  )

const asked = Effect.map(OpencodeClient, (client) => client.at(target))

describe.each(versions)("A large answer of $version", ({ make, page, sessions }) => {
  it.live("leaves turns for the other calls while it is parsed", () =>
    Effect.gen(function* () {
      const opencode = yield* asked
      const { during, result } = yield* turnsDuring(opencode.messages(here, { limit: 1 }))
      assert.lengthOf(result.messages, 1)
      assert.isAbove(during, 40)
    }).pipe(Effect.provide(make.pipe(Layer.provide(always(JSON.stringify(page("x".repeat(10 * MiB)))))))),
  )

  it.live("has only the beginning of a very long text, which says so", () =>
    Effect.gen(function* () {
      const opencode = yield* asked
      const { messages } = yield* opencode.messages(here, { limit: 1 })
      const [text] = messages.flatMap(({ parts }) => parts.flatMap((part) => (part.type === "text" ? [part.text] : [])))
      assert.match(text ?? "", /^x{1048576}… \[2,097,152 more bytes, which are not read\]$/u)
    }).pipe(Effect.provide(make.pipe(Layer.provide(always(JSON.stringify(page("x".repeat(3 * MiB)))))))),
  )

  const names = Array.from({ length: 10_000 }, (_, index) => `${index}`)

  it.live("is read whole if it is a long list", () =>
    Effect.gen(function* () {
      const opencode = yield* asked
      const found = yield* opencode.sessions
      assert.deepStrictEqual(
        found.map(({ id }) => id),
        names.map((name) => `ses_${name}`),
      )
    }).pipe(Effect.provide(make.pipe(Layer.provide(always(JSON.stringify(sessions(names))))))),
  )

  it.live("that is no JSON is an error that says so", () =>
    Effect.gen(function* () {
      const opencode = yield* asked
      const error = yield* Effect.flip(opencode.sessions)
      assert.isTrue(error._tag === "UnexpectedResponse" && error.detail.includes("JSON"), error.message)
    }).pipe(Effect.provide(make.pipe(Layer.provide(always(JSON.stringify(sessions(names)).slice(0, -1)))))),
  )

  it.live("holds up no decision and no stop while it arrives", () =>
    Effect.gen(function* () {
      const half = yield* Deferred.make<void>()
      const body = Buffer.from(JSON.stringify(page("x".repeat(4 * MiB))))
      const rest: Array<() => void> = []
      const { url } = yield* rawHttp(({ method, path }) => (socket) => {
        if (method === "GET" && path.includes("/message")) {
          socket.write(
            `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.byteLength}\r\n\r\n`,
          )
          socket.write(body.subarray(0, MiB), () => Deferred.doneUnsafe(half, Effect.void))
          rest.push(() => socket.write(body.subarray(MiB)))
        } else if (path.includes("/session/ses_main/permission/")) {
          // opencode 2 answers a decision without a body.
          socket.write("HTTP/1.1 204 No Content\r\n\r\n")
        } else answeringJson(path.endsWith("/interrupt") ? { interrupted: true } : true)(socket)
      })
      const opencode = (yield* OpencodeClient).at({ ...target, url })
      const reading = yield* Effect.forkChild(opencode.messages(here, { limit: 1 }))
      yield* Deferred.await(half)
      yield* opencode.abort(here)
      const decision = { kind: "permission", request: permission("1"), reply: { reply: "once" } } as const
      assert.isTrue(yield* opencode.decide("/work", decision))
      for (const write of rest) write()
      assert.lengthOf((yield* Fiber.join(reading)).messages, 1)
    }).pipe(Effect.provide(make.pipe(Layer.provide(HttpTransport.layer)))),
  )
})
