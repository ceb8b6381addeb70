/** The check of the connection to the relay, over an ssh in memory. */
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { relayConnection } from "../../../../src/cli/doctor/checks/relayConnection.ts"
import { Settings } from "../../../../src/Settings.ts"
import { FakeSsh } from "../../../connect/tunnel/FakeSsh.ts"
import { whilePassing } from "../../../support/overFake.ts"

const credentials = { username: "opencode", password: Redacted.make("hunter2") }

const check = (relayCommand: string | undefined, { password = true }: { readonly password?: boolean } = {}) =>
  relayConnection.run.pipe(
    Effect.provide(
      Settings.layerOf({ relayDirectory: "/relay", relayCommand, credentials: password ? credentials : undefined }),
    ),
  )

it.layer(FakeSsh.layer)("The connection to the relay", (it) => {
  it.effect("is not opened without a relay", () =>
    Effect.gen(function* () {
      const [found, ...others] = yield* check(undefined)
      assert.lengthOf(others, 0)
      assert.strictEqual(found?.state, "ok")
      assert.include(found?.message, "this machine only")
      assert.lengthOf((yield* FakeSsh).tries, 0)
    }),
  )
})

it.effect("The connection to the relay is ok if a tunnel opens; the tunnel leaves nothing behind", () =>
  Effect.gen(function* () {
    const fake = yield* FakeSsh
    const [found] = yield* check("SSHPASS=hunter3 sshpass -e ssh me@relay")
    assert.strictEqual(found?.state, "ok")
    assert.include(found?.message, "me@relay reaches the relay and can open tunnels")
    assert.notInclude(found?.message, "hunter3")
    assert.lengthOf(fake.tries, 1)
    assert.strictEqual(fake.connections.size, 0)
    assert.deepStrictEqual(fake.heard, ["where", "40001"])
    assert.strictEqual(fake.files.size, 0)
  }).pipe(Effect.provide(FakeSsh.layer)),
)

it.effect("The connection to the relay is ok even if it cannot be asked for a tunnel", () =>
  Effect.gen(function* () {
    const fake = yield* FakeSsh
    fake.isShared = false
    const [found] = yield* check("wrapper")
    assert.strictEqual(found?.state, "ok")
    assert.lengthOf(fake.tries, 2)
    assert.strictEqual(fake.connections.size, 0)
  }).pipe(Effect.provide(FakeSsh.layer)),
)

it.effect("The connection to the relay is a problem if its tunnels are open to the network", () =>
  Effect.gen(function* () {
    const fake = yield* FakeSsh
    fake.listensAt = "open 0.0.0.0"
    const [found] = yield* check("ssh me@relay")
    assert.strictEqual(found?.state, "problem")
    assert.include(found?.message, "GatewayPorts no")
    fake.listensAt = "unknown"
    const [unknown] = yield* check("ssh me@relay")
    assert.strictEqual(unknown?.state, "warning")
    assert.include(unknown?.message, "does not show where they end")
  }).pipe(Effect.provide(FakeSsh.layer)),
)

it.effect("The connection to the relay without a password is a problem", () =>
  Effect.gen(function* () {
    const [found, connection] = yield* check("ssh me@relay", { password: false })
    assert.strictEqual(found?.state, "problem")
    assert.include(found?.advice, "Set OPENCODE_SERVER_PASSWORD")
    assert.strictEqual(connection?.state, "ok")
  }).pipe(Effect.provide(FakeSsh.layer)),
)

it.effect.each([
  ["Host key verification failed.", "check the key"],
  ["Host key for relay has changed and you have requested strict checking.", "ssh-keygen -R"],
  ["me@relay: Permission denied (publickey).", "ssh-add"],
  ["ssh: connect to host relay port 22: No route to host", "network"],
  ["ssh: connect to host relay port 22: Connection refused", "No sshd listens"],
  ["ssh: Could not resolve hostname relay: Name or service not known", "spelling"],
  ["/home/me/.ssh/config: line 3: Bad configuration option: foo", "Fix your ssh configuration"],
  ["kex_exchange_identification: read: Connection reset by peer", "by hand"],
] as const)("A connection to the relay that fails is a problem with advice: %s", ([refusal, part]) =>
  Effect.gen(function* () {
    const fake = yield* FakeSsh
    fake.refusal = refusal
    const [found, ...others] = yield* check("ssh me@relay")
    assert.lengthOf(others, 0)
    assert.strictEqual(found?.state, "problem")
    assert.include(found?.message, `ssh me@relay does not reach the relay: ${refusal}`)
    assert.include(found?.advice, part)
  }).pipe(Effect.provide(FakeSsh.layer)),
)

it.effect("A relay that does not open tunnels is a problem with advice", () =>
  Effect.gen(function* () {
    const fake = yield* FakeSsh
    fake.forwardRefusal =
      "mux_client_forward: forwarding request failed: remote port forwarding failed for listen port 0"
    const [found] = yield* check("ssh me@relay")
    assert.strictEqual(found?.state, "problem")
    assert.include(found?.advice, "AllowTcpForwarding")
  }).pipe(Effect.provide(FakeSsh.layer)),
)

it.effect("The check gives up on a relay that prints nothing", () =>
  Effect.gen(function* () {
    const fake = yield* FakeSsh
    fake.mute = true
    const [found] = yield* whilePassing(46_000, check("ssh me@relay"))
    assert.strictEqual(found?.state, "problem")
    assert.include(found?.message, "45 seconds")
    assert.strictEqual(fake.connections.size, 0)
  }).pipe(Effect.provide(FakeSsh.layer)),
)
