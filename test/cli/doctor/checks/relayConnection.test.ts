/** The check of the connection to the relay, over an ssh in memory. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { relayConnection } from "../../../../src/cli/doctor/checks/relayConnection.ts"
import { Settings } from "../../../../src/Settings.ts"
import { FakeSsh } from "../../../connect/tunnel/FakeSsh.ts"
import { whilePassing } from "../../../support/overFake.ts"

const check = (relayCommand: string | undefined) =>
  relayConnection.run.pipe(Effect.provide(Settings.layerOf({ relayDirectory: "/relay", relayCommand })))

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
    assert.deepStrictEqual(fake.heard, [])
    assert.strictEqual(fake.files.size, 0)
  }).pipe(Effect.provide(FakeSsh.layer)),
)

it.effect("The connection to the relay is ok even if the port is hidden", () =>
  Effect.gen(function* () {
    const fake = yield* FakeSsh
    fake.showsPortAfter = undefined
    const [found] = yield* whilePassing(3000, check("wrapper"))
    assert.strictEqual(found?.state, "ok")
    assert.include(found?.message, "hides the port")
    assert.strictEqual(fake.connections.size, 0)
  }).pipe(Effect.provide(FakeSsh.layer)),
)

it.effect.each([
  ["Host key verification failed.", "check the key"],
  ["me@relay: Permission denied (publickey).", "ssh-add"],
  ["Error: remote port forwarding failed for listen port 0", "AllowTcpForwarding"],
  ["ssh: connect to host relay port 22: No route to host", "by hand"],
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
