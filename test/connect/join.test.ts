/** An opencode that becomes a member of the fleet: its registration here and on a relay, until the end. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { credentials } from "../discovery/relay/relay.ts"
import { FakeOpencode } from "../support/FakeOpencode.ts"
import { hang } from "../support/Fault.ts"
import { FakeSsh } from "./tunnel/FakeSsh.ts"
import { eventually, joinIn, makePlace, registrationsIn, services } from "./joining.ts"
import { seconds } from "./tunnel/tunnel.ts"

const relayCommand = "ssh me@relay"

const test = <A, E, R>(body: Effect.Effect<A, E, R>) => body.pipe(Effect.scoped, Effect.provide(services))

const onRelay = (fake: FakeSsh["Service"]) => [...fake.files].map(([file, json]) => [file, JSON.parse(json)] as const)

const local = {
  name: "laptop-project",
  hostname: "laptop",
  port: 4096,
  cwd: "/work/project",
  connectedAt: "1970-01-01T00:00:00.000Z",
  pid: 17,
  birth: "birth of 17",
}

describe("An opencode that joins", () => {
  it.effect("is registered on this machine with all that is known of it, and no more at the end", () =>
    Effect.gen(function* () {
      const place = yield* makePlace
      const fake = yield* FakeSsh
      const { end, tunnel } = yield* joinIn(place)
      assert.deepStrictEqual(yield* registrationsIn(place.relayDirectory), {
        "laptop-project.json": { ...local, connect: { pid: 3, log: "/state/log" } },
      })
      assert.isTrue(Option.isNone(yield* tunnel))
      assert.lengthOf(fake.tries, 0)
      yield* end
      assert.deepStrictEqual(yield* registrationsIn(place.relayDirectory), {})
    }).pipe(test),
  )

  it.effect("is registered on the relay, too, without what means nothing there, and says here how its tunnel is", () =>
    Effect.gen(function* () {
      const place = yield* makePlace
      const fake = yield* FakeSsh
      const { end } = yield* joinIn({ ...place, relayCommand })
      const view = Effect.map(registrationsIn(place.relayDirectory), (all) => all["laptop-project.json"]?.connect)
      const tunnel = { relay: relayCommand, since: "1970-01-01T00:00:00.000Z" }
      const connect = { pid: 3, log: "/state/log", tunnel: { ...tunnel, state: "connected", port: 40_001 } }
      assert.deepStrictEqual(yield* eventually(view, (now) => JSON.stringify(now).includes("connected")), connect)
      const [[file, copy] = []] = onRelay(fake)
      assert.match(file ?? "", /^laptop-project-[0-9a-f]{8}\.json$/u)
      const { birth: _birth, pid: _pid, port: _port, ...common } = local
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
      assert.deepStrictEqual(yield* registrationsIn(place.relayDirectory), {})
    }).pipe(test),
  )

  it.effect("has its registration put back when somebody has tidied it away", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const place = yield* makePlace
      yield* joinIn(place)
      const before = yield* registrationsIn(place.relayDirectory)
      yield* fs.remove(`${place.relayDirectory}/laptop-project.json`)
      yield* seconds(15)
      const now = yield* eventually(registrationsIn(place.relayDirectory), (all) => Object.keys(all).length > 0)
      assert.deepStrictEqual(now, before)
    }).pipe(test),
  )

  it.effect("leaves alone who has taken the name in the meantime", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const place = yield* makePlace
      const fake = yield* FakeSsh
      const { end } = yield* joinIn({ ...place, relayCommand })
      const file = `${place.relayDirectory}/laptop-project.json`
      yield* eventually(fs.readFileString(file), (text) => text.includes("connected"))
      const others = `{"name":"laptop-project","port":5000,"pid":5}`
      yield* fs.writeFileString(file, others)
      yield* seconds(20)
      fake.drop()
      yield* seconds(20)
      assert.strictEqual(yield* fs.readFileString(file), others)
      yield* end
      assert.strictEqual(yield* fs.readFileString(file), others)
    }).pipe(test),
  )

  it.effect("has names and files of its own, here and there, beside another in the same directory", () =>
    Effect.gen(function* () {
      const place = yield* makePlace
      const fake = yield* FakeSsh
      const instanceName = "the same long name ".repeat(8)
      yield* joinIn({ ...place, relayCommand, instanceName })
      yield* joinIn({ ...place, relayCommand, instanceName }, { port: 4097, pid: 18 })
      yield* eventually(
        Effect.sync(() => fake.files.size),
        (count) => count === 2,
      )
      const names = onRelay(fake).map(([, { name }]) => String(name))
      assert.deepStrictEqual(names, [instanceName.trim(), `${instanceName.trim()}-2`])
      assert.lengthOf(Object.keys(yield* registrationsIn(place.relayDirectory)), 2)
    }).pipe(test),
  )

  it.effect("is registered here though the relay is not to be reached, and nothing can be kept of this machine", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const place = yield* makePlace
      const fake = yield* FakeSsh
      yield* fs.writeFileString(place.stateDirectory, "a file")
      fake.refusal = "no route"
      const { end, tunnel } = yield* joinIn({ ...place, relayCommand })
      yield* seconds(20)
      assert.deepInclude(Option.getOrThrow(yield* tunnel), {
        _tag: "waiting",
        reason: "no route (the command ended with status 255)",
      })
      assert.hasAllKeys(yield* registrationsIn(place.relayDirectory), ["laptop-project.json"])
      yield* end
      assert.deepStrictEqual(yield* registrationsIn(place.relayDirectory), {})
    }).pipe(test),
  )

  it.effect("gives its password away to nobody: not in arguments, not in files, not to the relay", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const place = yield* makePlace
      const ssh = yield* FakeSsh
      const fake = yield* FakeOpencode
      const password = Redacted.value(credentials.password)
      fake.credentials = { username: "opencode", password }
      yield* joinIn({ ...place, credentials, relayCommand: "SSHPASS=hunter3 sshpass -e ssh me@relay" })
      const file = `${place.relayDirectory}/laptop-project.json`
      const here = yield* eventually(fs.readFileString(file), (text) => text.includes("connected"))
      const told = JSON.stringify([ssh.tries, ssh.heard, onRelay(ssh), here])
      assert.notInclude(told, password)
      assert.notInclude(told, "hunter3")
    }).pipe(test),
  )

  it.effect("that is slow to say where it works is registered where it was started", () =>
    Effect.gen(function* () {
      const place = yield* makePlace
      const fake = yield* FakeOpencode
      fake.fail("GET /path", hang)
      const joining = yield* Effect.forkChild(joinIn(place))
      yield* seconds(1)
      assert.isUndefined(joining.pollUnsafe())
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(joining)
      assert.deepInclude((yield* registrationsIn(place.relayDirectory))["laptop-started.json"], {
        cwd: "/work/started",
      })
    }).pipe(test),
  )
})
