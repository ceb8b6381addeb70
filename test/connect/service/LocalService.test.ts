/** The local service over a `Discovery` in memory and a registration file, of which only its changes matter. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { LocalService } from "../../../src/connect/service/LocalService.ts"
import { type Announcement, Discovery, type Problem } from "../../../src/discovery/Discovery.ts"
import { LocalMachine } from "../../../src/machine/LocalMachine.ts"

const makeScene = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const file = `${yield* fs.makeTempDirectoryScoped()}/service.json`
  yield* fs.writeFileString(file, "1")
  const running: Announcement = {
    name: "laptop",
    host: "laptop",
    url: "http://127.0.0.1:49374",
    directory: undefined,
    transport: "service",
    api: 2,
    credentials: { username: "opencode", password: Redacted.make("own") },
    listener: { pid: 7, birth: "b", foundBy: "service" },
    source: file,
  }
  const scene = {
    file,
    running,
    scans: 0,
    alive: true,
    announcements: [running] as ReadonlyArray<Announcement>,
    problems: [] as ReadonlyArray<Problem>,
  }
  const scan = Effect.sync(() => {
    scene.scans++
    return { announcements: scene.announcements, problems: scene.problems }
  })
  const { state } = yield* Effect.provide(
    LocalService,
    LocalService.layerNoDeps.pipe(
      Layer.provide(Layer.succeed(Discovery, { scan, changes: Stream.empty })),
      Layer.provide(
        Layer.succeed(LocalMachine, {
          hostname: "laptop",
          isAlive: () => scene.alive,
          birthOf: () => "b",
          addresses: () => [],
        }),
      ),
    ),
  )
  return { scene, state: Effect.map(state, ({ _tag }) => _tag), fs }
})

layer(NodeServices.layer)("The local service", (it) => {
  it.effect("is checked once for many requests, and again after two seconds, a change of its file, or its end", () =>
    Effect.gen(function* () {
      const { fs, scene, state } = yield* makeScene
      const scansOf = (requests: number) =>
        Effect.gen(function* () {
          const before = scene.scans
          for (let count = 0; count < requests; count++) yield* state
          return scene.scans - before
        })
      assert.strictEqual(yield* scansOf(10), 1)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* scansOf(10), 1)
      yield* fs.writeFileString(`${scene.file}.new`, "2")
      yield* fs.rename(`${scene.file}.new`, scene.file)
      assert.isAtLeast(yield* scansOf(2), 1)
      assert.strictEqual(yield* scansOf(10), 0)
      scene.alive = false
      scene.announcements = []
      assert.strictEqual(yield* state, "Away")
    }),
  )

  it.effect("that is away is looked for at each request", () =>
    Effect.gen(function* () {
      const { scene, state } = yield* makeScene
      scene.announcements = [{ ...scene.running, credentials: undefined, passwordWithheld: "not running" }]
      assert.strictEqual(yield* state, "Away")
      scene.announcements = [scene.running]
      assert.strictEqual(yield* state, "Running")
    }),
  )

  it.effect("is refused if a registration must not be used and none is running", () =>
    Effect.gen(function* () {
      const { scene, state } = yield* makeScene
      scene.problems = [{ source: scene.file, reason: "is open to others" }]
      assert.strictEqual(yield* state, "Running")
      scene.announcements = []
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* state, "Refused")
    }),
  )
})
