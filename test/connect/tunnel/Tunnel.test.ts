/** A tunnel over an ssh in memory: how it connects, breaks, is noticed, and reconnects. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { countingFibers } from "../../support/livingFibers.ts"
import { whilePassing } from "../../support/overFake.ts"
import { FakeSsh } from "./FakeSsh.ts"
import { makeLog, registration, seconds, settle, start } from "./tunnel.ts"

const inRelay = <A, E, R>(test: Effect.Effect<A, E, R>) => test.pipe(Effect.scoped, Effect.provide(FakeSsh.layer))

describe("A tunnel", () => {
  it.effect("connects, is registered with its port, stays for an hour, and is removed at the end", () =>
    countingFibers((living) =>
      Effect.gen(function* () {
        const before = yield* living
        yield* Effect.gen(function* () {
          const fake = yield* FakeSsh
          const tunnel = yield* start()
          assert.deepStrictEqual(yield* tunnel.state, { _tag: "connecting", since: 0 })
          yield* settle
          const connected = { _tag: "connected", since: 0, port: 40_001, file: "/relay/it.json" } as const
          assert.deepStrictEqual(yield* tunnel.state, connected)
          assert.deepStrictEqual(fake.heard.slice(0, 2), ["where", "40001"])
          assert.deepStrictEqual(fake.heard.slice(2, 7), ["put", "~/my relay", "it.json", "40001", "/global/health"])
          assert.deepStrictEqual(JSON.parse(fake.files.get("it.json") ?? ""), { ...registration, port: 40_001 })
          assert.include(fake.requests[0] ?? [], "127.0.0.1:0:127.0.0.1:4096")
          yield* seconds(3600)
          assert.lengthOf(fake.tries, 1)
          assert.deepStrictEqual(yield* tunnel.state, connected)
          yield* tunnel.end
          assert.deepStrictEqual([...fake.files], [])
          assert.strictEqual(fake.heard.at(-1), "bye")
          assert.strictEqual(fake.connections.size, 0)
        }).pipe(inRelay)
        assert.strictEqual(yield* living, before)
      }),
    ),
  )

  it.effect("that drops reconnects within two seconds at a new port; the reason is what ssh printed last", () =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      const tunnel = yield* start()
      yield* seconds(60)
      fake.drop("client_loop: send disconnect: Broken pipe")
      yield* settle
      const reason = "client_loop: send disconnect: Broken pipe (the command ended with status 255)"
      assert.deepStrictEqual(yield* tunnel.state, { _tag: "waiting", since: 60_000, reason })
      assert.strictEqual(fake.files.size, 1)
      yield* seconds(2)
      assert.deepInclude(yield* tunnel.state, { _tag: "connected", port: 40_002 })
      assert.deepInclude(JSON.parse(fake.files.get("it.json") ?? ""), { port: 40_002 })
    }).pipe(inRelay),
  )

  it.effect("chooses a port itself if the connection cannot be asked for a tunnel", () =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      fake.isShared = false
      const tunnel = yield* start()
      yield* settle
      const state = yield* tunnel.state
      assert.deepInclude(state, { _tag: "waiting" })
      assert.include(state._tag === "waiting" ? state.reason : "", "ssh cannot be asked for a tunnel")
      yield* seconds(2)
      const now = yield* tunnel.state
      const port = now._tag === "connected" ? now.port : 0
      assert.isTrue(port >= 20_000 && port < 32_000, JSON.stringify(now))
      assert.include(fake.tries[1]?.args ?? [], `127.0.0.1:${port}:127.0.0.1:4096`)
      assert.deepInclude(JSON.parse(fake.files.get("it.json") ?? ""), { port })
      yield* seconds(60)
      fake.drop()
      yield* seconds(2)
      assert.lengthOf(fake.requests, 1)
      assert.notStrictEqual(fake.tries[2]?.args.at(-2), fake.tries[1]?.args.at(-2))
    }).pipe(inRelay),
  )

  it.effect("that the relay opens to the network is closed and not registered", () => {
    const log = makeLog()
    return Effect.gen(function* () {
      const fake = yield* FakeSsh
      fake.listensAt = "open 0.0.0.0 [::]"
      const tunnel = yield* start()
      yield* seconds(20)
      const state = yield* tunnel.state
      assert.deepInclude(state, { _tag: "waiting" })
      const reason = state._tag === "waiting" ? state.reason : ""
      for (const part of ["0.0.0.0 [::]", "GatewayPorts", "sshd_config", "was closed"]) assert.include(reason, part)
      assert.deepStrictEqual(log.lines, [reason])
      assert.strictEqual(fake.files.size, 0)
      assert.strictEqual(fake.connections.size, 0)
      fake.listensAt = "private"
      yield* seconds(80)
      assert.deepInclude(yield* tunnel.state, { _tag: "connected" })
    }).pipe(inRelay, Effect.provide(log.layer))
  })

  it.effect("whose end the relay cannot show is used, with a warning", () => {
    const log = makeLog()
    return Effect.gen(function* () {
      const fake = yield* FakeSsh
      fake.listensAt = "unknown"
      const tunnel = yield* start()
      yield* settle
      assert.deepInclude(yield* tunnel.state, { _tag: "connected" })
      assert.include(log.lines.join("\n"), "does not show where the tunnel's end listens")
    }).pipe(inRelay, Effect.provide(log.layer))
  })

  it.effect("that the relay does not allow is tried again, with sshd's reason", () =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      fake.forwardRefusal =
        "mux_client_forward: forwarding request failed: remote port forwarding failed for listen port 0"
      const tunnel = yield* start()
      yield* settle
      assert.deepInclude(yield* tunnel.state, { _tag: "waiting", reason: fake.forwardRefusal })
      assert.strictEqual(fake.connections.size, 0)
    }).pipe(inRelay),
  )

  it.effect("gives up on a relay that prints nothing, and tries again", () =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      fake.mute = true
      const tunnel = yield* start()
      yield* seconds(45.25)
      assert.deepInclude(yield* tunnel.state, {
        _tag: "waiting",
        reason: "the relay did not answer within 45 seconds",
      })
      fake.mute = false
      yield* seconds(2)
      assert.deepInclude(yield* tunnel.state, { _tag: "connected" })
      assert.strictEqual(fake.connections.size, 1)
    }).pipe(inRelay),
  )

  it.effect("that is half open is replaced within 21 seconds", () =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      const tunnel = yield* start()
      yield* seconds(60)
      fake.frozen = true
      yield* seconds(20.25)
      const reason = "the relay did not answer within 10 seconds"
      assert.deepInclude(yield* tunnel.state, { _tag: "waiting", reason })
      fake.frozen = false
      yield* seconds(2)
      assert.deepInclude(yield* tunnel.state, { _tag: "connected", port: 40_002 })
      assert.strictEqual(fake.connections.size, 1)
    }).pipe(inRelay),
  )

  it.effect("registers again when its registration is removed, and stays connected", () => {
    const log = makeLog()
    return Effect.gen(function* () {
      const fake = yield* FakeSsh
      const tunnel = yield* start()
      yield* seconds(60)
      fake.files.clear()
      yield* seconds(10)
      assert.deepInclude(JSON.parse(fake.files.get("it.json") ?? ""), { port: 40_001 })
      assert.deepInclude(yield* tunnel.state, { _tag: "connected", since: 0, port: 40_001 })
      assert.lengthOf(fake.tries, 1)
      assert.include(log.lines.join("\n"), "was removed; registering again")
    }).pipe(inRelay, Effect.provide(log.layer))
  })

  it.effect("is replaced after two heartbeats without traffic, unless opencode does not answer here either", () =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      let healthy = false
      const tunnel = yield* start(Effect.sync(() => healthy))
      yield* settle
      fake.pingStatus = "000"
      yield* seconds(60)
      assert.lengthOf(fake.tries, 1)
      healthy = true
      yield* seconds(10)
      // One missed heartbeat is ignored: opencode may have been starting.
      fake.pingStatus = "401"
      yield* seconds(10)
      fake.pingStatus = "000"
      yield* seconds(11)
      assert.lengthOf(fake.tries, 1)
      yield* seconds(9.25)
      const reason = "the tunnel no longer carries traffic"
      assert.deepInclude(yield* tunnel.state, { _tag: "waiting", reason })
      fake.pingStatus = "none"
      yield* seconds(60)
      assert.lengthOf(fake.tries, 2)
      assert.deepInclude(yield* tunnel.state, { _tag: "connected", port: 40_002 })
    }).pipe(inRelay),
  )

  it.effect("reports in one printable line why the relay refuses the registration", () =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      fake.putRefusal = "/relay/it.json \u001B[31mis not a regular file"
      const tunnel = yield* start()
      yield* settle
      const reason = "no registration on the relay: /relay/it.json [31mis not a regular file"
      assert.deepStrictEqual(yield* tunnel.state, { _tag: "waiting", since: 0, reason })
      fake.putRefusal = undefined
      yield* seconds(2)
      assert.deepInclude(yield* tunnel.state, { _tag: "connected" })
    }).pipe(inRelay),
  )
})

describe("The end of a tunnel", () => {
  it.effect("takes at most five seconds if the relay is frozen", () =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      const tunnel = yield* start()
      yield* seconds(15)
      fake.frozen = true
      yield* whilePassing(5000, tunnel.end)
      assert.strictEqual(fake.connections.size, 0)
    }).pipe(inRelay),
  )

  it.effect("waits for a pending answer before it unregisters", () =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      const tunnel = yield* start()
      // The registration is still being written.
      yield* tunnel.end
      yield* settle
      assert.deepStrictEqual([...fake.files], [])
      assert.strictEqual(fake.connections.size, 0)
    }).pipe(inRelay),
  )

  it.effect("connects once more to unregister if ssh has ended, too", () =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      const tunnel = yield* start()
      yield* seconds(15)
      fake.drop()
      yield* settle
      yield* whilePassing(100, tunnel.end)
      assert.deepStrictEqual([...fake.files], [])
      assert.lengthOf(fake.tries, 2)
      assert.strictEqual(fake.connections.size, 0)
    }).pipe(inRelay),
  )

  it.effect("immediately logs that the registration stays on an unreachable relay", () => {
    const log = makeLog()
    return Effect.gen(function* () {
      const fake = yield* FakeSsh
      const tunnel = yield* start()
      yield* seconds(15)
      fake.refusal = "no route"
      fake.drop()
      yield* seconds(15)
      yield* tunnel.end
      assert.strictEqual(fake.connections.size, 0)
      assert.include(log.lines.at(-1), "remains on the relay")
    }).pipe(inRelay, Effect.provide(log.layer))
  })
})
