/** Whether the opencode that answers a probe is the announced one. */
import { assert, describe, it } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Layer, Redacted } from "effect"
import type { HttpClientRequest } from "effect/http"
import type { Announcement } from "../../src/discovery/Discovery.ts"
import { HealthCheck } from "../../src/fleet/HealthCheck.ts"
import { LocalMachine } from "../../src/machine/LocalMachine.ts"
import * as OpencodeVersions from "../../src/opencode/OpencodeVersions.ts"
import * as OpencodeV1 from "../../src/opencode/v1/OpencodeV1.ts"
import * as OpencodeV2 from "../../src/opencode/v2/OpencodeV2.ts"
import { announcement } from "../discovery/announcements.ts"
import { type Answer, broken, httpLayer, online } from "../discovery/http.ts"

const alive = 4242
const dead = 4243

const machine = Layer.succeed(LocalMachine, {
  hostname: "laptop",
  isAlive: (pid: number) => pid === alive,
  birthOf: () => undefined,
  addresses: () => [],
})

const credentials = { username: "ada", password: Redacted.make("hunter2-Zk9") }

/** opencode 1 in this directory. */
const worksIn =
  (directory: string): Answer =>
  (request) =>
    new URL(request.url).pathname === "/path"
      ? Effect.sync(() => Response.json({ directory, worktree: "/" }))
      : new URL(request.url).pathname === "/global/health"
        ? online(request)
        : Effect.sync(() => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }))

const unauthorized: Answer = () =>
  Effect.sync(() => new Response(null, { status: 401, headers: { "www-authenticate": 'Basic realm="Secure Area"' } }))

/** Probes twice, and returns the second health with the requests of both. */
const probe = Effect.fnUntraced(function* (answer: Answer, known: Partial<Announcement>) {
  const requests: Array<HttpClientRequest.HttpClientRequest> = []
  const http = httpLayer((request) => {
    requests.push(request)
    return answer(request)
  })
  const layer = HealthCheck.layer({ credentials }).pipe(
    Layer.provide(OpencodeVersions.layer({ v1: OpencodeV1.make, v2: OpencodeV2.make })),
    Layer.provide([http, machine]),
  )
  const health = yield* HealthCheck.pipe(
    Effect.flatMap(({ probe }) =>
      Effect.andThen(probe(announcement("shop", 4096, known)), probe(announcement("shop", 4096, known))),
    ),
    Effect.provide(layer),
  )
  return { health, requests, paths: requests.map(({ url }) => new URL(url).pathname) }
})

describe("The opencode that answers", () => {
  it.effect("in the announced directory is online, and is asked for its directory at each probe", () =>
    Effect.gen(function* () {
      const { health, paths } = yield* probe(worksIn("/srv/shop"), { directory: "/srv/shop" })
      assert.deepInclude(health, { state: "online", reason: "" })
      assert.deepStrictEqual(paths, ["/global/health", "/path", "/global/health", "/path"])
    }),
  )

  it.effect("is asked only once while the announced process is running", () =>
    Effect.gen(function* () {
      const { paths } = yield* probe(worksIn("/srv/shop"), { directory: "/srv/shop", pid: alive, birth: "b" })
      assert.deepStrictEqual(paths, ["/global/health", "/path", "/global/health"])
    }),
  )

  it.effect("in another directory is not online, and both directories are named", () =>
    Effect.gen(function* () {
      const { health } = yield* probe(worksIn("/srv/billing"), { directory: "/srv/shop" })
      assert.deepInclude(health, { state: "unhealthy", replaced: true, version: "1.18.33" })
      for (const part of ["another opencode has its port now", "/srv/billing", "/srv/shop"]) {
        assert.include(health.reason, part)
      }
    }),
  )

  it.effect.each([
    ["a slash at the end", "/srv/shop/", "/srv/shop", {}],
    ["macOS's link /private", "/tmp/shop", "/private/tmp/shop", { host: "mac", tunnelled: true }],
    ["case on macOS", "/Users/ada/Shop", "/users/ada/shop", { host: "mac", tunnelled: true }],
    ["case and separators on Windows", "c:/code/shop", "C:\\code\\Shop\\", { host: "pc", tunnelled: true }],
    ["a link of another machine", "/home/ada/shop", "/mnt/data/shop", { host: "desk", tunnelled: true }],
    ["a path that cannot be compared", "~/shop", "/home/ada/shop", {}],
  ] as const)("is the announced one despite %s", ([, directory, reported, known]) =>
    Effect.gen(function* () {
      const { health } = yield* probe(worksIn(reported), { directory, ...known })
      assert.deepInclude(health, { state: "online", reason: "" })
    }),
  )

  it.effect("is compared by real paths on this machine", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
      for (const each of ["one/web", "other/web"]) yield* fs.makeDirectory(`${root}/${each}`, { recursive: true })
      yield* fs.symlink(`${root}/one`, `${root}/link`)
      const same = yield* probe(worksIn(`${root}/one`), { directory: `${root}/link` })
      assert.strictEqual(same.health.state, "online")
      const other = yield* probe(worksIn(`${root}/other/web`), { directory: `${root}/link/web` })
      assert.isTrue(other.health.replaced)
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("without an announced directory, or without reporting one, is the announced one", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* probe(worksIn("/srv/shop"), {})).health.state, "online")
      assert.strictEqual((yield* probe(online, { directory: "/srv/shop" })).health.state, "online")
    }),
  )

  it.effect("of another version than announced is not online", () =>
    Effect.gen(function* () {
      const { health } = yield* probe(worksIn("/srv/shop"), { api: 2 })
      assert.deepInclude(health, { state: "unhealthy", replaced: true })
      assert.include(health.reason, "an opencode 1; this one was announced as opencode 2")
    }),
  )
})

describe("An opencode that is older than 1.1", () => {
  // Without a network, 1.0.185 answers unknown routes like this; with one, with the page of opencode's web site.
  const message = "Error: Unable to connect. Is the computer able to access the url?"
  it.effect.each([
    ["an error", () => Response.json({ name: "UnknownError", data: { message } }, { status: 500 })],
    ["a page", () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } })],
  ] as const)("is called too old, although it answers the health request with %s", ([, unknown]) =>
    Effect.gen(function* () {
      const { health } = yield* probe(
        (request) => (new URL(request.url).pathname === "/path" ? worksIn("/srv/shop")(request) : Effect.sync(unknown)),
        { directory: "/srv/shop" },
      )
      assert.strictEqual(health.state, "unhealthy")
      assert.include(health.reason, "opencode is too old: it is older than 1.1, and 1.1.53 or newer is needed")
    }),
  )
})

describe("An instance whose announced process has exited", () => {
  it.effect("is told apart from one that is silent", () =>
    Effect.gen(function* () {
      const { health } = yield* probe(broken("ECONNREFUSED"), { pid: dead })
      assert.deepInclude(health, { state: "unreachable", reason: `its process has exited (process ${dead})` })
      const silent = yield* probe(broken("ECONNREFUSED"), { pid: alive })
      assert.include(silent.health.reason, "nothing answers there (ECONNREFUSED)")
      const elsewhere = yield* probe(broken("ECONNREFUSED"), { pid: dead, tunnelled: true })
      assert.include(elsewhere.health.reason, "nothing answers there (ECONNREFUSED)")
    }),
  )

  it.effect("is not online if another opencode has its port, which is never sent the password", () =>
    Effect.gen(function* () {
      for (const [answer, known] of [
        [worksIn("/srv/billing"), { directory: "/srv/shop" }],
        [worksIn("/srv/billing"), {}],
        [unauthorized, { directory: "/srv/shop" }],
      ] as const) {
        const { health, requests } = yield* probe(answer, { pid: dead, credentials, ...known })
        assert.isTrue(health.replaced)
        assert.notStrictEqual(health.state, "online")
        assert.include(health.reason, `its process has exited (process ${dead})`)
        for (const { headers } of requests) assert.isUndefined(headers["authorization"])
      }
    }),
  )

  it.effect("is online if opencode was started again in its directory", () =>
    Effect.gen(function* () {
      const { health } = yield* probe(worksIn("/srv/shop"), { pid: dead, directory: "/srv/shop" })
      assert.strictEqual(health.state, "online")
    }),
  )
})
