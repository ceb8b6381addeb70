import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Option, Redacted } from "effect"
import type { HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import { Identification } from "../../../src/discovery/identification/Identification.ts"
import { opencodeChallenge } from "../../../src/opencode/http/clientErrors.ts"
import * as OpencodeVersions from "../../../src/opencode/OpencodeVersions.ts"
import * as OpencodeV2 from "../../../src/opencode/v2/OpencodeV2.ts"
import * as OpencodeV1 from "../../../src/opencode/v1/OpencodeV1.ts"
import type { Credentials } from "../../../src/opencode/Target.ts"
import { announcement } from "../announcements.ts"
import { type Answer, broken, hanging, httpLayer, json, online } from "../http.ts"

const credentials: Credentials = { username: "ada", password: Redacted.make("hunter2-Zk9") }
const right = `Basic ${Buffer.from("ada:hunter2-Zk9").toString("base64")}`

const location = { directory: "/work/shop/api", worktree: "/work/shop" }

/** An identification over a server with these answers, and the requests that it received. */
const over = Effect.fnUntraced(function* (
  answer: Answer,
  given: { readonly credentials?: Credentials } = { credentials },
) {
  const requests: Array<HttpClientRequest.HttpClientRequest> = []
  const http = httpLayer((request) => {
    requests.push(request)
    return answer(request)
  })
  const client = OpencodeVersions.layer({ v1: OpencodeV1.make, v2: OpencodeV2.make })
  const services = Identification.layer(given).pipe(Layer.provide(client), Layer.provide(http))
  const identification = Context.get(yield* Layer.build(services), Identification)
  return {
    ...identification,
    asked: () => requests.map(({ headers, url }) => [new URL(url).pathname, headers["authorization"]] as const),
  }
})

const port = { url: "http://127.0.0.1:4096", mayHavePassword: true, timeout: 1000 }

const routes =
  (health: Answer, others: Answer): Answer =>
  (request) =>
    (request.url.endsWith("/global/health") ? health : others)(request)

const unauthorized =
  (challenge: string): Answer =>
  () =>
    Effect.sync(() => new Response(null, { status: 401, headers: { "www-authenticate": challenge } }))

/** An opencode that requires this password. */
const protectedServer: Answer = (request) =>
  request.headers["authorization"] === right
    ? routes(online, json(location))(request)
    : unauthorized(opencodeChallenge)(request)

/** opencode 2 answers unknown routes with a web page, and all others only with its password. */
const webPage: Answer = () =>
  Effect.sync(() => new Response("<html>", { headers: { "content-type": "text/html;charset=UTF-8" } }))

describe("Identification", () => {
  it.effect("identifies an opencode and its directory, without sending a password that is not required", () =>
    Effect.gen(function* () {
      const { asked, identify } = yield* over(routes(online, json(location)))
      assert.deepStrictEqual(yield* identify(port), { _tag: "Opencode", api: 1, requiresPassword: false, location })
      assert.deepStrictEqual(asked(), [
        ["/global/health", undefined],
        ["/path", undefined],
      ])
    }),
  )

  it.effect("treats the working tree / as none", () =>
    Effect.gen(function* () {
      const { identify } = yield* over(routes(online, json({ directory: "/tmp/a", worktree: "/" })))
      assert.deepStrictEqual(yield* identify(port), {
        _tag: "Opencode",
        api: 1,
        requiresPassword: false,
        location: { directory: "/tmp/a", worktree: undefined },
      })
    }),
  )

  it.effect("treats the directory as untrusted text", () =>
    Effect.gen(function* () {
      const { identify } = yield* over(
        routes(online, json({ directory: "/tmp/\u001B[31ma\nb", worktree: "/tmp\u202E" })),
      )
      assert.deepStrictEqual(yield* identify(port), {
        _tag: "Opencode",
        api: 1,
        requiresPassword: false,
        location: { directory: "/tmp/[31ma b", worktree: "/tmp" },
      })
    }),
  )

  it.effect("sends the password to a trusted server that requires one as opencode does", () =>
    Effect.gen(function* () {
      const { asked, identify } = yield* over(protectedServer)
      assert.deepStrictEqual(yield* identify(port), {
        _tag: "Opencode",
        api: undefined,
        requiresPassword: true,
        location,
      })
      assert.deepStrictEqual(asked(), [
        ["/global/health", undefined],
        ["/path", right],
      ])
    }),
  )

  it.effect("sends it neither to untrusted servers nor to servers that require one in another way", () =>
    Effect.gen(function* () {
      const forbidden = yield* over(protectedServer)
      assert.deepStrictEqual(yield* forbidden.identify({ ...port, mayHavePassword: false }), {
        _tag: "Opencode",
        api: undefined,
        requiresPassword: true,
        location: undefined,
      })
      const other = yield* over(unauthorized('Basic realm="Router"'))
      assert.deepStrictEqual(yield* other.identify(port), { _tag: "Other" })
      for (const { asked } of [forbidden, other]) assert.deepStrictEqual(asked(), [["/global/health", undefined]])
    }),
  )

  it.effect("identifies an opencode with another password, or without a configured one", () =>
    Effect.gen(function* () {
      const other = yield* over(unauthorized(opencodeChallenge))
      const none = yield* over(protectedServer, {})
      for (const { identify } of [other, none]) {
        assert.deepStrictEqual(yield* identify(port), {
          _tag: "Opencode",
          api: undefined,
          requiresPassword: true,
          location: undefined,
        })
      }
      assert.lengthOf(none.asked(), 1)
    }),
  )

  it.effect(
    "identifies opencode 2 by two requests without the password, which is not sent, and asks for no directory",
    () =>
      Effect.gen(function* () {
        const { asked, identify } = yield* over(routes(webPage, unauthorized(opencodeChallenge)))
        const opencode2 = { _tag: "Opencode", api: 2, requiresPassword: true, location: undefined } as const
        assert.deepStrictEqual(yield* identify(port), opencode2)
        assert.deepStrictEqual(asked(), [
          ["/global/health", undefined],
          ["/api/info", undefined],
        ])
      }),
  )

  it.effect("identifies another server with a web page and a password of its own, which receives no more", () =>
    Effect.gen(function* () {
      for (const info of [webPage, unauthorized('Basic realm="Router"'), json({ version: "2.0.15", pid: 1 })]) {
        const { asked, identify } = yield* over(routes(webPage, info))
        assert.deepStrictEqual(yield* identify(port), { _tag: "Other" })
        assert.deepStrictEqual(asked(), [
          ["/global/health", undefined],
          ["/api/info", undefined],
        ])
      }
    }),
  )

  const strangers: ReadonlyArray<readonly [string, Answer, "Other" | "Refused"]> = [
    ["another JSON", json({ status: "ok" }), "Other"],
    ["an error", json({ name: "NotFound", data: { message: "no" } }, 404), "Other"],
    ["no HTTP", broken("UND_ERR_SOCKET"), "Other"],
    ["nobody", broken("ECONNREFUSED"), "Refused"],
  ]
  it.effect.each(strangers)("identifies %s as another server, and sends it nothing else", ([, answer, verdict]) =>
    Effect.gen(function* () {
      const { asked, identify } = yield* over(answer)
      assert.deepStrictEqual(yield* identify(port), { _tag: verdict })
      assert.deepStrictEqual(asked(), [["/global/health", undefined]])
    }),
  )

  it.effect("waits no longer than its timeout", () =>
    Effect.gen(function* () {
      const { identify } = yield* over(hanging)
      const asking = yield* Effect.forkChild(identify(port))
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* Fiber.join(asking), { _tag: "Silent" })
    }),
  )

  it.effect("identifies an opencode that does not report its directory", () =>
    Effect.gen(function* () {
      const { identify } = yield* over(routes(online, json({}, 404)))
      assert.deepStrictEqual(yield* identify(port), {
        _tag: "Opencode",
        api: 1,
        requiresPassword: false,
        location: undefined,
      })
    }),
  )
})

const answer =
  (created: number, directory: string): Answer =>
  (request) =>
    (request.url.endsWith("/path") ? json({ directory }) : json({ id: "global", time: { created } }))(request)

describe("The fingerprint of a server", () => {
  it.effect("differs by machine and by directory", () =>
    Effect.gen(function* () {
      const marks = yield* Effect.forEach(
        [answer(1, "/a"), answer(1, "/b"), answer(2, "/a"), answer(1, "/a")],
        (answer) => Effect.flatMap(over(answer), ({ fingerprintOf }) => fingerprintOf(announcement("api", 4096))),
      )
      assert.strictEqual(new Set(marks.map(Option.getOrThrow)).size, 3)
      assert.deepStrictEqual(marks[0], marks[3])
    }),
  )

  it.effect("is none if the server does not report one, and fails if the server does not answer", () =>
    Effect.gen(function* () {
      const asked = Effect.fnUntraced(function* (answer: Answer) {
        const { fingerprintOf } = yield* over(answer)
        const asking = yield* Effect.forkChild(Effect.option(fingerprintOf(announcement("api", 4096))))
        yield* TestClock.adjust("10 seconds")
        return yield* Fiber.join(asking)
      })
      for (const open of [routes(online, json({ id: "global", directory: "/a" })), unauthorized("Basic"), json({})]) {
        assert.deepStrictEqual(yield* asked(open), Option.some(Option.none()))
      }
      for (const silent of [broken("ECONNREFUSED"), hanging]) {
        assert.deepStrictEqual(yield* asked(silent), Option.none())
      }
    }),
  )

  it.effect("is read without the password if that is withheld", () =>
    Effect.gen(function* () {
      const { asked, fingerprintOf } = yield* over(answer(1, "/a"))
      yield* fingerprintOf(announcement("api", 4096, { passwordWithheld: "not there" }))
      assert.deepStrictEqual(
        asked().map(([, authorization]) => authorization),
        [undefined, undefined],
      )
    }),
  )
})
