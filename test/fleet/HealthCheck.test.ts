import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted } from "effect"
import type { HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import type { Announcement } from "../../src/discovery/Discovery.ts"
import { HealthCheck } from "../../src/fleet/HealthCheck.ts"
import * as OpencodeV1 from "../../src/opencode/v1/OpencodeV1.ts"
import type { Credentials } from "../../src/opencode/Target.ts"
import { announcement } from "../discovery/announcements.ts"
import { type Answer, broken, hanging, httpLayer, json, online } from "../discovery/http.ts"

const password: Credentials = { username: "ada", password: Redacted.make("hunter2-Zk9") }

/** Probes an instance that answers like this; returns its health and the requests. */
const probe = Effect.fnUntraced(function* (
  answer: Answer,
  credentials?: Credentials,
  known: Partial<Announcement> = {},
) {
  const requests: Array<HttpClientRequest.HttpClientRequest> = []
  const http = httpLayer((request) => {
    requests.push(request)
    return answer(request)
  })
  const health = yield* Effect.flatMap(HealthCheck, ({ probe }) => probe(announcement("api", 4096, known))).pipe(
    Effect.provide(
      HealthCheck.layer({ probeTimeout: "3 seconds", credentials }).pipe(
        Layer.provide(OpencodeV1.layer.pipe(Layer.provide(http))),
      ),
    ),
  )
  return { health, requests }
})

/** The same, after the whole timeout has passed. */
const probeUntilTimeout = (answer: Answer) =>
  Effect.gen(function* () {
    const probing = yield* Effect.forkChild(probe(answer))
    yield* TestClock.adjust(2999)
    assert.isUndefined(probing.pollUnsafe(), "it gave up too early")
    yield* TestClock.adjust(1)
    return yield* Fiber.join(probing)
  })

const html: Answer = () =>
  Effect.sync(() => new Response("<!doctype html>", { headers: { "content-type": "text/html;charset=UTF-8" } }))

const text =
  (body: string, status: number): Answer =>
  () =>
    Effect.sync(() => new Response(body, { status }))

const half: Answer = () =>
  Effect.sync(
    () =>
      new Response(new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode('{"heal')) }), {
        headers: { "content-type": "application/json" },
      }),
  )

const sent = (credentials?: Credentials) =>
  Effect.map(probe(online, credentials), ({ requests }) => requests[0]?.headers["authorization"])

describe("HealthCheck", () => {
  it.effect("is online, with version and latency, if opencode answers", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust(1_000_000)
      const probing = yield* Effect.forkChild(probe((request) => Effect.delay(online(request), 42)))
      yield* TestClock.adjust(42)
      const { health, requests } = yield* Fiber.join(probing)
      assert.deepStrictEqual(health, {
        state: "online",
        api: 1,
        version: "1.18.33",
        latency: 42,
        reason: "",
        checkedAt: 1_000_042,
      })
      assert.deepStrictEqual(
        requests.map(({ method, url }) => `${method} ${url}`),
        ["GET http://127.0.0.1:4096/global/health"],
      )
    }),
  )

  it.effect("tolerates additional fields of a newer opencode", () =>
    Effect.gen(function* () {
      const { health } = yield* probe(json({ healthy: true, version: "9.0.0-beta", uptime: 3, features: {} }))
      assert.deepInclude(health, { state: "online", version: "9.0.0-beta" })
    }),
  )

  it.effect("is unauthorized, and says that the password is missing, if opencode asks for a password", () =>
    Effect.gen(function* () {
      const { health } = yield* probe(text("", 401))
      assert.strictEqual(health.state, "unauthorized")
      assert.include(health.reason, "asks for a password, and none is set")
      assert.strictEqual(health.authorization, "missing")
    }),
  )

  it.effect("is unauthorized, and says that the password is wrong, if opencode refuses it", () =>
    Effect.gen(function* () {
      const { health } = yield* probe(text("Unauthorized", 401), password)
      assert.strictEqual(health.state, "unauthorized")
      assert.include(health.reason, "refuses the password")
      assert.strictEqual(health.authorization, "rejected")
      assert.notInclude(JSON.stringify(health), "hunter2")
    }),
  )

  it.effect("does not send a withheld password, and says why", () =>
    Effect.gen(function* () {
      const known = { passwordWithheld: "anybody can announce; MDNS_ALLOW=10.0.0.7 allows it" }
      const { health, requests } = yield* probe(text("", 401), password, known)
      assert.strictEqual(health.state, "unauthorized")
      assert.include(health.reason, known.passwordWithheld)
      assert.deepStrictEqual(
        requests.map(({ headers }) => headers["authorization"]),
        [undefined],
      )
      const without = yield* probe(text("", 401), undefined, known)
      for (const part of ["asks for a password, and none is set", "MDNS_ALLOW=10.0.0.7"]) {
        assert.include(without.health.reason, part)
      }
    }),
  )

  it.effect("sends the credentials, if there are any", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* sent(password), `Basic ${Buffer.from("ada:hunter2-Zk9").toString("base64")}`)
      assert.isUndefined(yield* sent())
    }),
  )

  it.effect("is timeout exactly after the timeout, if opencode accepts the connection and never answers", () =>
    Effect.gen(function* () {
      const { health } = yield* probeUntilTimeout(hanging)
      assert.deepInclude(health, { state: "timeout", version: undefined, latency: undefined, checkedAt: 3000 })
      assert.include(health.reason, "within 3 s")
    }),
  )

  it.effect("is timeout also if the answer starts and never ends", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* probeUntilTimeout(half)).health.state, "timeout")
    }),
  )

  it.effect.each(["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENOTFOUND", "UND_ERR_SOCKET"])(
    "says unreachable, with the system's word, after %s",
    (code) =>
      Effect.gen(function* () {
        const { health, requests } = yield* probe(broken(code))
        assert.deepInclude(health, { state: "unreachable", version: undefined, latency: undefined, checkedAt: 0 })
        assert.include(health.reason, code)
        assert.lengthOf(requests, 1, "a probe tells what is; it does not try again")
      }),
  )

  it.effect.each([
    ["a web page", html],
    ["an error of opencode", json({ name: "UnknownError", data: { message: "out of memory" } }, 500)],
    ["an error of a proxy", text("<h1>Bad Gateway</h1>", 502)],
    ["an overload", text("busy", 503)],
    ["a page that does not exist", json({ error: "not found" }, 404)],
    ["a redirect", () => Effect.sync(() => new Response(null, { status: 307, headers: { location: "http://x/" } }))],
    ["nothing", () => Effect.sync(() => new Response(null, { status: 204 }))],
    ["JSON of another program", json({ status: "UP" })],
    ["that it is not healthy", json({ healthy: false, version: "1.18.33" })],
    ["broken JSON", () => Effect.sync(() => new Response("{", { headers: { "content-type": "application/json" } }))],
  ] as ReadonlyArray<readonly [string, Answer]>)("says unhealthy, and why, of one that answers with %s", ([, answer]) =>
    Effect.gen(function* () {
      const probing = yield* Effect.forkChild(probe(answer))
      yield* TestClock.adjust("10 seconds")
      const { health, requests } = yield* Fiber.join(probing)
      assert.deepInclude(health, { state: "unhealthy", latency: undefined })
      assert.isAbove(health.reason.length, 20)
      assert.notMatch(health.reason, /[\r\n]/u)
      assert.lengthOf(
        requests.filter(({ url }) => url.endsWith("/health")),
        1,
      )
    }),
  )
})
