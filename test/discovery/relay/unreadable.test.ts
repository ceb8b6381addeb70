/** A relay directory that cannot be read for a moment: what was found before stays, and the problem is named. */
import { assert, describe, it } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, Fiber, FileSystem, Layer, PlatformError, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Discovery } from "../../../src/discovery/Discovery.ts"
import { guarded } from "../../../src/discovery/guarded.ts"
import * as RelayDirectory from "../../../src/discovery/relay/RelayDirectory.ts"
import { watchedDirectory } from "../../../src/discovery/watchedDirectory.ts"
import { makeRelay } from "./relay.ts"

const systemError = (code: string, method: string) =>
  PlatformError.systemError({
    _tag: code === "EACCES" ? "PermissionDenied" : "Unknown",
    module: "FileSystem",
    method,
    cause: Object.assign(new Error(`${code}: it failed`), { code }),
  })

/** The real file system, whose operations a test can make fail or hang. */
const faulty = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const faults: { directory?: Effect.Effect<never, PlatformError.PlatformError>; file?: typeof faults.directory } = {}
  const layer = Layer.succeed(FileSystem.FileSystem, {
    ...fs,
    readDirectoryEntries: (path) => faults.directory ?? fs.readDirectoryEntries(path),
    stat: (path) => (path.endsWith("api.json") ? faults.file : undefined) ?? fs.stat(path),
  })
  return { faults, layer }
})

const setup = Effect.gen(function* () {
  const relay = yield* makeRelay
  yield* relay.register("api.json", { name: "api", port: 4096 })
  yield* relay.register("web.json", { name: "web", port: 4097 })
  const { faults, layer } = yield* faulty
  const { scan } = yield* Discovery.pipe(
    Effect.flatMap((discovery) => guarded("local-relay", discovery)),
    Effect.provide(Layer.provide(RelayDirectory.layer({ directory: relay.directory, strictModes: false }), layer)),
  )
  const scanned = Effect.map(scan, ({ announcements, problems }) => ({
    names: announcements.map(({ name }) => name),
    problems: problems.map(({ reason, source }) => `${source} ${reason}`),
  }))
  assert.deepStrictEqual(yield* scanned, { names: ["api", "web"], problems: [] })
  return { relay, faults, scanned }
})

describe("A relay directory", () => {
  it.effect.each([
    ["EMFILE", "this process has too many open files; raise its limit (ulimit -n) (EMFILE)"],
    ["EACCES", "permission denied (EACCES)"],
    ["EIO", "the disk or the mount does not work (input/output error) (EIO)"],
  ] as const)("that cannot be read because of %s keeps its instances, and names the reason", ([code, reason]) =>
    Effect.gen(function* () {
      const { faults, relay, scanned } = yield* setup
      faults.directory = Effect.fail(systemError(code, "readDirectory"))
      const expected = { names: ["api", "web"], problems: [`${relay.directory} cannot be read: ${reason}`] }
      assert.deepStrictEqual(yield* scanned, expected)
      assert.deepStrictEqual(yield* scanned, expected)
      delete faults.directory
      assert.deepStrictEqual(yield* scanned, { names: ["api", "web"], problems: [] })
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("that does not answer keeps its instances", () =>
    Effect.gen(function* () {
      const { faults, scanned } = yield* setup
      faults.directory = Effect.never
      const scanning = yield* Effect.forkChild(scanned)
      yield* TestClock.adjust("10 seconds")
      const { names, problems } = yield* Fiber.join(scanning)
      assert.deepStrictEqual(names, ["api", "web"])
      assert.include(problems.join(), "could not be read within 10 seconds")
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("whose file cannot be read for a moment keeps its instance", () =>
    Effect.gen(function* () {
      const { faults, relay, scanned } = yield* setup
      faults.file = Effect.fail(systemError("EMFILE", "stat"))
      const { names, problems } = yield* scanned
      assert.deepStrictEqual(names, ["api", "web"])
      assert.include(
        problems.join(),
        `${relay.directory}/api.json cannot be read: this process has too many open files`,
      )
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("that is removed has no instances", () =>
    Effect.gen(function* () {
      const { relay, scanned } = yield* setup
      const fs = yield* FileSystem.FileSystem
      yield* fs.remove(relay.directory, { recursive: true })
      assert.deepStrictEqual((yield* scanned).names, [])
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})

describe("A watch", () => {
  it.effect("that cannot be set up because the system's limit is reached is tried again", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      let tries = 0
      const limited: FileSystem.FileSystem = {
        ...fs,
        watch: (_, options) =>
          Stream.suspend(() => {
            // As Node does: it throws.
            if (++tries < 3) throw Object.assign(new Error("no space left on device, watch"), { code: "ENOSPC" })
            options?.onReady?.()
            return Stream.never
          }),
      }
      const first = yield* Effect.forkChild(
        Stream.runHead(watchedDirectory("/relay")).pipe(Effect.provideService(FileSystem.FileSystem, limited)),
      )
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(first)
      assert.strictEqual(tries, 3)
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
