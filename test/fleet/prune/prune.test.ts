/** Pruning real directories, with simulated instances and processes. */
import { assert, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Duration, Effect, FileSystem, Layer, Logger, PlatformError } from "effect"
import { TestClock } from "effect/testing"
import { Fleet } from "../../../src/fleet/Fleet.ts"
import { HealthCheck } from "../../../src/fleet/HealthCheck.ts"
import type { HealthState } from "../../../src/fleet/Instance.ts"
import { LocalMachine } from "../../../src/machine/LocalMachine.ts"
import { prune, type PruneOptions } from "../../../src/fleet/prune/prune.ts"
import * as RelayDirectory from "../../../src/discovery/relay/RelayDirectory.ts"
import { unidentified } from "../../discovery/fakes.ts"
import { makeRelay } from "../../discovery/relay/relay.ts"

/** Long after the modification times of the files. */
const today = Date.UTC(2026, 10, 24)
const written = new Date(today - Duration.toMillis("30 days"))

const living = 4711
const dead = 4712
const machine = Layer.succeed(LocalMachine, {
  hostname: "here",
  isAlive: (pid) => pid === living,
  birthOf: () => undefined,
  addresses: () => [],
})

/** A relay directory, and the state of the instance on each port; the others are unreachable. */
const makeSetup = Effect.fnUntraced(function* (rest: Partial<PruneOptions> & { readonly strictModes?: boolean } = {}) {
  const fs = yield* FileSystem.FileSystem
  const relay = yield* makeRelay
  const states = new Map<number, HealthState>()
  yield* TestClock.setTime(today)
  const { strictModes = false, ...directories } = rest
  const probe = ({ url }: { readonly url: string }) =>
    Effect.succeed({
      state: states.get(Number(new URL(url).port)) ?? "unreachable",
      version: undefined,
      latency: undefined,
      reason: "not today",
      checkedAt: today,
    })
  const fleet = Fleet.layer().pipe(
    Layer.provide([
      RelayDirectory.layer({ directory: rest.relayDirectory ?? relay.directory, strictModes }),
      unidentified,
      Layer.succeed(HealthCheck, { probe }),
    ]),
  )
  const refresh = Effect.flatMap(Fleet, ({ refresh }) => refresh).pipe(Effect.provide(fleet, { local: true }))
  return {
    ...relay,
    answer: (port: number, state: HealthState) => Effect.sync(() => states.set(port, state)),
    register: (name: string, port: number, registration: object = {}) =>
      Effect.andThen(
        relay.register(`${name}.json`, { name, port, ...registration }),
        fs.utimes(relay.file(`${name}.json`), written, written),
      ),
    refresh,
    prune: (options: Partial<PruneOptions> = {}, refreshWith: typeof refresh = refresh) =>
      prune(refreshWith, {
        relayDirectory: relay.directory,
        stateDirectory: `${relay.parent}/state`,
        silentFor: Duration.days(7),
        dryRun: false,
        ...directories,
        ...options,
      }).pipe(
        Effect.map((all) => all.map(({ name, verdict }) => `${name} ${verdict}`)),
        Effect.provide(machine),
      ),
    files: Effect.map(fs.readDirectory(relay.directory), (names) => names.toSorted()),
    notes: fs.readFileString(`${relay.parent}/state/silence.json`),
    state: `${relay.parent}/state`,
  }
})

layer(NodeServices.layer)("Pruning", (it) => {
  it.effect("removes registrations of ended processes, and reports and keeps the others", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const setup = yield* makeSetup()
      yield* setup.register("dead", 1, { hostname: "here", pid: dead })
      yield* setup.register("living", 2, { hostname: "here", pid: living })
      yield* setup.register("far", 3, { hostname: "there", pid: dead })
      yield* setup.register("tunnel", 4, { hostname: "here", pid: dead, localPort: 5 })
      yield* setup.register("up", 6, { hostname: "here", pid: dead })
      yield* setup.answer(6, "unhealthy")
      yield* setup.write("bad.json", "no registration")
      yield* setup.write("notes.txt", "not meant for anybody")
      yield* fs.symlink(setup.file("dead.json"), setup.file("zlink.json"))
      const before = yield* setup.files
      assert.deepStrictEqual(yield* setup.prune(), [
        " kept",
        "dead removed",
        "far kept",
        "living kept",
        "tunnel kept",
        "up kept",
        " kept",
      ])
      assert.deepStrictEqual(
        yield* setup.files,
        before.filter((file) => file !== "dead.json"),
      )
    }),
  )

  it.effect("never removes a link or its target", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const setup = yield* makeSetup()
      yield* setup.register("real", 1, { hostname: "here", pid: dead })
      yield* fs.rename(setup.file("real.json"), setup.file(".real.json"))
      yield* fs.symlink(setup.file(".real.json"), setup.file("link.json"))
      assert.deepStrictEqual(yield* setup.prune({ silentFor: Duration.zero }), ["real kept"])
      assert.deepStrictEqual(yield* setup.files, [".real.json", "link.json"])
    }),
  )

  it.effect("counts the silence from the first run that found it, across runs", () =>
    Effect.gen(function* () {
      const setup = yield* makeSetup()
      yield* setup.register("laptop", 1)
      assert.deepStrictEqual(yield* setup.prune(), ["laptop kept"])
      yield* TestClock.adjust("6 days")
      assert.deepStrictEqual(yield* setup.prune(), ["laptop kept"])
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(yield* setup.prune({ dryRun: true }), ["laptop would-remove"])
      assert.deepStrictEqual(yield* setup.prune(), ["laptop removed"])
      assert.deepStrictEqual(yield* setup.files, [])
      assert.strictEqual(yield* setup.notes, "{}")
    }),
  )

  it.effect("forgets the silence of an instance that has answered since", () =>
    Effect.gen(function* () {
      const setup = yield* makeSetup()
      yield* setup.register("laptop", 1)
      yield* setup.prune()
      yield* TestClock.adjust("6 days")
      yield* setup.answer(1, "online")
      yield* setup.prune()
      yield* setup.answer(1, "timeout")
      yield* TestClock.adjust("6 days")
      assert.deepStrictEqual(yield* setup.prune(), ["laptop kept"])
    }),
  )

  it.effect("keeps the silences of other directories", () =>
    Effect.gen(function* () {
      const setup = yield* makeSetup()
      yield* setup.register("laptop", 1)
      yield* setup.prune()
      const other = yield* makeSetup({ stateDirectory: setup.state })
      yield* other.register("desktop", 2)
      yield* other.prune()
      yield* TestClock.setTime(today + Duration.toMillis("7 days"))
      assert.deepStrictEqual(yield* setup.prune(), ["laptop removed"])
    }),
  )

  it.effect("changes and stores nothing in a dry run", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const setup = yield* makeSetup()
      yield* setup.register("dead", 1, { hostname: "here", pid: dead })
      yield* setup.register("laptop", 2)
      assert.deepStrictEqual(yield* setup.prune({ dryRun: true }), ["dead would-remove", "laptop kept"])
      assert.deepStrictEqual(yield* setup.files, ["dead.json", "laptop.json"])
      assert.isFalse(yield* fs.exists(setup.state))
    }),
  )

  it.effect("stores the silences where only this user can read them", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const setup = yield* makeSetup()
      yield* setup.register("laptop", 1)
      yield* setup.prune()
      assert.strictEqual((yield* fs.stat(setup.state)).mode & 0o777, 0o700)
      assert.strictEqual((yield* fs.stat(`${setup.state}/silence.json`)).mode & 0o777, 0o600)
      assert.deepStrictEqual(yield* fs.readDirectory(setup.state), ["silence.json"])
    }),
  )

  it.effect.each(["", "{half", "[1]", '{"/relay/x.json": "soon"}'])(
    "takes notes that read %s for none, with a warning",
    (notes) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const setup = yield* makeSetup()
        yield* setup.register("laptop", 1)
        yield* fs.makeDirectory(setup.state)
        yield* fs.writeFileString(`${setup.state}/silence.json`, notes)
        const warnings: Array<string> = []
        const logger = Logger.make(({ message }) => void warnings.push(String(message)))
        assert.deepStrictEqual(yield* Effect.provide(setup.prune(), Logger.layer([logger])), ["laptop kept"])
        assert.lengthOf(warnings, 1)
        assert.include(warnings[0], "silence.json")
        assert.include(yield* setup.notes, "laptop.json")
      }),
  )

  it.effect("continues if the silences cannot be stored", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const setup = yield* makeSetup()
      yield* setup.register("dead", 1, { hostname: "here", pid: dead })
      yield* setup.register("laptop", 2)
      yield* fs.writeFileString(setup.state, "a file")
      const silent = Logger.layer([])
      assert.deepStrictEqual(yield* Effect.provide(setup.prune(), silent), ["dead removed", "laptop kept"])
    }),
  )

  it.effect("keeps files that are written while it runs", () =>
    Effect.gen(function* () {
      const setup = yield* makeSetup()
      yield* setup.register("again", 1, { hostname: "here", pid: dead })
      const again = { name: "again", port: 2, hostname: "here", pid: living }
      const refresh = Effect.tap(setup.refresh, Effect.orDie(setup.write("again.json", JSON.stringify(again))))
      assert.deepStrictEqual(yield* setup.prune({}, refresh), ["again kept"])
      const registerLate = Effect.orDie(setup.register("late", 3, { hostname: "here", pid: dead }))
      assert.deepStrictEqual(yield* setup.prune({}, Effect.andThen(registerLate, setup.refresh)), [
        "again kept",
        "late kept",
      ])
      assert.deepStrictEqual(yield* setup.files, ["again.json", "late.json"])
    }),
  )

  it.effect("reports a file that could not be removed, and continues with the others", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const setup = yield* makeSetup()
      yield* setup.register("one", 1, { hostname: "here", pid: dead })
      yield* setup.register("two", 2, { hostname: "here", pid: dead })
      const stuck = FileSystem.FileSystem.of({
        ...fs,
        remove: (path, options) =>
          path.endsWith("one.json")
            ? Effect.fail(
                new PlatformError.PlatformError(
                  new PlatformError.SystemError({ _tag: "PermissionDenied", module: "FileSystem", method: "remove" }),
                ),
              )
            : fs.remove(path, options),
      })
      const pruned = yield* Effect.provideService(setup.prune(), FileSystem.FileSystem, stuck)
      assert.deepStrictEqual(pruned, ["one failed", "two removed"])
    }),
  )

  it.effect("removes nothing from an untrusted directory, and fails", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const setup = yield* makeSetup({ strictModes: true })
      yield* setup.register("dead", 1, { hostname: "here", pid: dead })
      yield* fs.chmod(setup.directory, 0o777)
      const error = yield* Effect.flip(setup.prune({ silentFor: Duration.zero }))
      assert.include(error.message, setup.directory)
      assert.include(error.message, "Nothing was removed")
      assert.deepStrictEqual(yield* setup.files, ["dead.json"])
    }),
  )

  it.effect("does nothing if the directory does not exist", () =>
    Effect.gen(function* () {
      const setup = yield* makeSetup({ relayDirectory: "/nowhere/relay" })
      assert.deepStrictEqual(yield* setup.prune(), [])
    }),
  )
})
