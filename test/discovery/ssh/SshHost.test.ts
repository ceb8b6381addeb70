/** The connection to a host: how it is kept, and what stays while it is lost. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Semaphore } from "effect"
import { TestClock } from "effect/testing"
import { keepHost } from "../../../src/discovery/ssh/SshHost.ts"
import { FakeHost } from "./FakeHost.ts"

const server = "server 8 0100007F 4096 /work/shop"
const file = "/home/me/.local/state/opencode/service.json"
const service = (pid: number, port: number) => [
  `service ok ${pid} ${port} ${file}`,
  `json ${JSON.stringify({ url: `http://127.0.0.1:${port}`, password: "secret" })}`,
]

/** A port is opened by the operating system, which takes turns of the event loop. */
const settle = Effect.promise(() => new Promise((resolve) => void setImmediate(resolve))).pipe(
  Effect.replicateEffect(20, { discard: true }),
)

const seconds = (count: number) =>
  Effect.andThen(TestClock.adjust("500 millis"), settle).pipe(Effect.replicateEffect(count * 2, { discard: true }))

const start = Effect.gen(function* () {
  let changes = 0
  let paths = 0
  const host = yield* keepHost({
    host: "box",
    newControlPath: Effect.sync(() => `/sockets/${paths++}`),
    logins: yield* Semaphore.make(1),
    onChange: Effect.sync(() => void changes++),
  })
  yield* settle
  return { state: host.state, look: host.look, changes: () => changes }
})

const provided = <A, E>(effect: Effect.Effect<A, E, Effect.Services<typeof start> | FakeHost>) =>
  effect.pipe(Effect.scoped, Effect.provide(FakeHost.layer))

describe("A host of SSH_HOSTS", () => {
  it.effect("is asked every 5 s, and tells only changes", () =>
    Effect.gen(function* () {
      const fake = yield* FakeHost
      fake.records = [server]
      const { changes, state } = yield* start
      yield* seconds(60)
      const { link, servers } = yield* state
      assert.strictEqual(link._tag, "connected")
      assert.lengthOf(servers, 1)
      assert.strictEqual(changes(), 1)
      assert.deepStrictEqual(fake.requests, ["forward -L /sockets/0.0:127.0.0.1:4096"])
      fake.records = []
      yield* seconds(6)
      assert.strictEqual(changes(), 2)
      assert.lengthOf((yield* state).servers, 0)
      assert.strictEqual(fake.requests.at(-1), "cancel -L /sockets/0.0:127.0.0.1:4096")
    }).pipe(provided),
  )

  it.effect("keeps its servers and their ports while the connection is lost, and connects again", () =>
    Effect.gen(function* () {
      const fake = yield* FakeHost
      fake.records = [server]
      const { state } = yield* start
      yield* seconds(6)
      const before = yield* state
      fake.refusal = "ssh: connect to host box port 22: No route to host"
      fake.drop("client_loop: send disconnect: Broken pipe")
      yield* settle
      const lost = yield* state
      assert.strictEqual(lost.link._tag, "waiting")
      assert.include("reason" in lost.link ? lost.link.reason : "", "Broken pipe")
      assert.deepStrictEqual(lost.servers, before.servers)
      yield* seconds(10)
      assert.include(JSON.stringify((yield* state).link), "No route to host")
      fake.refusal = undefined
      yield* seconds(20)
      const after = yield* state
      assert.strictEqual(after.link._tag, "connected")
      assert.deepStrictEqual(after.servers, before.servers)
    }).pipe(provided),
  )

  it.effect("is connected to again if the connection is half open", () =>
    Effect.gen(function* () {
      const fake = yield* FakeHost
      const { state } = yield* start
      yield* seconds(6)
      fake.frozen = true
      yield* seconds(16)
      assert.include(JSON.stringify((yield* state).link), "box did not answer within 10 seconds")
      fake.frozen = false
      yield* seconds(60)
      assert.strictEqual((yield* state).link._tag, "connected")
      assert.isAtLeast(fake.logins, 2)
    }).pipe(provided),
  )

  it.effect("keeps the port of a service that restarts at another one, and forgets it a minute after its end", () =>
    Effect.gen(function* () {
      const fake = yield* FakeHost
      fake.records = service(7, 49_374)
      const { look, state } = yield* start
      yield* seconds(6)
      const before = yield* state
      fake.records = []
      yield* look
      assert.deepStrictEqual((yield* state).services, before.services)
      fake.records = service(9, 49_400)
      yield* seconds(6)
      const [restarted] = (yield* state).services
      assert.deepInclude(restarted?.server, { pid: 9, port: 49_400 })
      assert.strictEqual(restarted?.localPort, before.services[0]?.localPort)
      fake.records = []
      yield* seconds(50)
      assert.lengthOf((yield* state).services, 1)
      yield* seconds(20)
      assert.lengthOf((yield* state).services, 0)
    }).pipe(provided),
  )
})
