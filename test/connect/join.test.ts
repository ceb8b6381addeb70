/** `join`: the registration on this machine and on a relay, until the scope closes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { credentials } from "../discovery/relay/relay.ts"
import { FakeOpencode } from "../../src/testing/FakeOpencode.ts"
import { hang, unavailable } from "../../src/testing/Fault.ts"
import { FakeSsh } from "./tunnel/FakeSsh.ts"
import { eventually, joinIn, makeDirectories, registrationsIn, services } from "./joining.ts"
import { seconds } from "./tunnel/tunnel.ts"

const relay = { withoutPassword: true, command: "ssh me@relay" }

const test = <A, E, R>(body: Effect.Effect<A, E, R>) => body.pipe(Effect.scoped, Effect.provide(services))

const onRelay = (fake: FakeSsh["Service"]) => [...fake.files].map(([file, json]) => [file, JSON.parse(json)] as const)

const registration = {
  name: "laptop-project",
  hostname: "laptop",
  port: 4096,
  cwd: "/work/project",
  connectedAt: "1970-01-01T00:00:00.000Z",
  pid: 17,
  birth: "birth of 17",
}

describe("An opencode that joins", () => {
  it.effect("is registered on this machine with everything that is known about it, until the scope closes", () =>
    Effect.gen(function* () {
      const directories = yield* makeDirectories
      const fake = yield* FakeSsh
      const { end, tunnel } = yield* joinIn(directories)
      assert.deepStrictEqual(yield* registrationsIn(directories.relayDirectory), {
        "laptop-project.json": { ...registration, connect: { pid: 3, log: "/state/log" } },
      })
      assert.isTrue(Option.isNone(yield* tunnel))
      assert.lengthOf(fake.tries, 0)
      yield* end
      assert.deepStrictEqual(yield* registrationsIn(directories.relayDirectory), {})
    }).pipe(test),
  )

  it.effect("that an embedding program runs is registered without the state of `opencode-fleet connect`", () =>
    Effect.gen(function* () {
      const directories = yield* makeDirectories
      yield* joinIn({ ...directories, connect: undefined })
      const { "laptop-project.json": registered } = yield* registrationsIn(directories.relayDirectory)
      assert.deepStrictEqual(registered, registration)
    }).pipe(test),
  )

  it.effect(
    "is registered on the relay, too, without its process; its local registration shows the state of the tunnel",
    () =>
      Effect.gen(function* () {
        const directories = yield* makeDirectories
        const fake = yield* FakeSsh
        const { end } = yield* joinIn({ ...directories, relay })
        const view = Effect.map(
          registrationsIn(directories.relayDirectory),
          (all) => all["laptop-project.json"]?.connect,
        )
        const tunnel = { relay: relay.command, since: "1970-01-01T00:00:00.000Z" }
        const connect = { pid: 3, log: "/state/log", tunnel: { ...tunnel, state: "connected", port: 40_001 } }
        assert.deepStrictEqual(yield* eventually(view, (now) => JSON.stringify(now).includes("connected")), connect)
        const [[file, copy] = []] = onRelay(fake)
        assert.match(file ?? "", /^laptop-project-[0-9a-f]{8}\.json$/u)
        const { birth: _birth, pid: _pid, port: _port, ...common } = registration
        assert.deepStrictEqual(copy, { ...common, port: 40_001, localPort: 4096 })

        fake.refusal = "no route"
        fake.drop("Broken pipe")
        const waiting = { ...tunnel, state: "waiting", reason: "Broken pipe (the command ended with status 255)" }
        assert.deepStrictEqual(yield* eventually(view, (now) => JSON.stringify(now).includes("waiting")), {
          ...connect,
          tunnel: waiting,
        })
        fake.refusal = undefined
        yield* seconds(3)
        yield* eventually(view, (now) => JSON.stringify(now).includes("40002"))
        yield* end
        assert.deepStrictEqual(onRelay(fake), [])
        assert.deepStrictEqual(yield* registrationsIn(directories.relayDirectory), {})
      }).pipe(test),
  )

  it.effect("has its registration restored when another program removes it", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directories = yield* makeDirectories
      yield* joinIn(directories)
      const before = yield* registrationsIn(directories.relayDirectory)
      yield* fs.remove(`${directories.relayDirectory}/laptop-project.json`)
      yield* seconds(15)
      const now = yield* eventually(registrationsIn(directories.relayDirectory), (all) => Object.keys(all).length > 0)
      assert.deepStrictEqual(now, before)
    }).pipe(test),
  )

  it.effect("leaves a registration alone that another program has written in its place", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directories = yield* makeDirectories
      const fake = yield* FakeSsh
      const { end } = yield* joinIn({ ...directories, relay })
      const file = `${directories.relayDirectory}/laptop-project.json`
      yield* eventually(fs.readFileString(file), (text) => text.includes("connected"))
      const foreign = `{"name":"laptop-project","port":5000,"pid":5}`
      yield* fs.writeFileString(file, foreign)
      yield* seconds(20)
      fake.drop()
      yield* seconds(20)
      assert.strictEqual(yield* fs.readFileString(file), foreign)
      yield* end
      assert.strictEqual(yield* fs.readFileString(file), foreign)
    }).pipe(test),
  )

  it.effect("gets a name and a file of its own, here and on the relay, beside another one of the same name", () =>
    Effect.gen(function* () {
      const directories = yield* makeDirectories
      const fake = yield* FakeSsh
      const name = "the same long name ".repeat(8)
      yield* joinIn({ ...directories, relay, name })
      yield* joinIn({ ...directories, relay, name, port: 4097, pid: 18 })
      yield* eventually(
        Effect.sync(() => fake.files.size),
        (count) => count === 2,
      )
      const names = onRelay(fake).map(([, { name }]) => String(name))
      assert.deepStrictEqual(names, [name.trim(), `${name.trim()}-2`])
      assert.lengthOf(Object.keys(yield* registrationsIn(directories.relayDirectory)), 2)
    }).pipe(test),
  )

  it.effect("is registered here even if the relay cannot be reached and the machine id cannot be stored", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directories = yield* makeDirectories
      const fake = yield* FakeSsh
      yield* fs.writeFileString(directories.stateDirectory, "a file")
      fake.refusal = "no route"
      const { end, tunnel } = yield* joinIn({ ...directories, relay })
      yield* seconds(20)
      assert.deepInclude(Option.getOrThrow(yield* tunnel), {
        _tag: "waiting",
        reason: "no route (the command ended with status 255)",
      })
      assert.hasAllKeys(yield* registrationsIn(directories.relayDirectory), ["laptop-project.json"])
      yield* end
      assert.deepStrictEqual(yield* registrationsIn(directories.relayDirectory), {})
    }).pipe(test),
  )

  it.effect("is not connected to a relay if it requires no password, whatever is set here", () =>
    Effect.gen(function* () {
      const directories = yield* makeDirectories
      const { command } = relay
      const ssh = yield* FakeSsh
      for (const each of [undefined, credentials]) {
        const error = yield* Effect.flip(joinIn({ ...directories, credentials: each, relay: { command } }))
        assert.deepInclude(error, { _tag: "RelayNeedsPassword", api: 1, isSet: each !== undefined })
      }
      assert.lengthOf(ssh.tries, 0)
      // On this machine alone it may be registered.
      yield* joinIn(directories)
    }).pipe(test),
  )

  it.effect("is not connected to a relay while it is unknown whether it requires a password", () =>
    Effect.gen(function* () {
      const directories = yield* makeDirectories
      const fake = yield* FakeOpencode
      fake.fail("GET /global/health", unavailable)
      const { command } = relay
      const error = yield* Effect.flip(joinIn({ ...directories, credentials, relay: { command } }))
      assert.notStrictEqual(error._tag, "RelayNeedsPassword")
      assert.lengthOf((yield* FakeSsh).tries, 0)
    }).pipe(test),
  )

  it.effect("never puts its password into arguments or files, or sends it to the relay", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directories = yield* makeDirectories
      const ssh = yield* FakeSsh
      const fake = yield* FakeOpencode
      const password = Redacted.value(credentials.password)
      fake.credentials = { username: "opencode", password }
      yield* joinIn({ ...directories, credentials, relay: { command: "SSHPASS=hunter3 sshpass -e ssh me@relay" } })
      const file = `${directories.relayDirectory}/laptop-project.json`
      const here = yield* eventually(fs.readFileString(file), (text) => text.includes("connected"))
      const visible = JSON.stringify([ssh.tries, ssh.heard, onRelay(ssh), here])
      assert.notInclude(visible, password)
      assert.notInclude(visible, "hunter3")
    }).pipe(test),
  )

  it.effect("that is slow to report its directory is registered with the directory it was started in", () =>
    Effect.gen(function* () {
      const directories = yield* makeDirectories
      const fake = yield* FakeOpencode
      fake.fail("GET /path", hang)
      const joining = yield* Effect.forkChild(joinIn(directories))
      yield* seconds(1)
      assert.isUndefined(joining.pollUnsafe())
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(joining)
      assert.deepInclude((yield* registrationsIn(directories.relayDirectory))["laptop-started.json"], {
        cwd: "/work/started",
      })
    }).pipe(test),
  )
})
