import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, FileSystem } from "effect"
import { machineId } from "../../src/machine/machineId.ts"
import { LocalMachine } from "../../src/machine/LocalMachine.ts"
import { altered, denied, filesIn, modeOf } from "../discovery/relay/registrations.ts"

const on = (hostname: string, directory: string) =>
  Effect.provideService(machineId(directory), LocalMachine, {
    hostname,
    isAlive: () => true,
    birthOf: () => undefined,
    addresses: () => [],
  })

const makeState = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  Effect.map(fs.makeTempDirectoryScoped({ prefix: "state-" }), (directory) => `${directory}/a/state`),
)

layer(NodeServices.layer)("A machine's id", (it) => {
  it.effect("is short, stays the same, and is stored readable by its owner alone", () =>
    Effect.gen(function* () {
      const directory = yield* makeState
      const id = yield* on("laptop", directory)
      assert.match(id, /^[0-9a-f]{8}$/u)
      assert.strictEqual(yield* on("laptop", directory), id)
      assert.deepStrictEqual(yield* filesIn(directory), ["machine-id"])
      assert.strictEqual(yield* modeOf(`${directory}/machine-id`), 0o600)
      assert.strictEqual(yield* modeOf(directory), 0o700)
    }),
  )

  it.effect("differs between machines, even with the same name or the same home", () =>
    Effect.gen(function* () {
      const shared = yield* makeState
      const ids = [yield* on("laptop", shared), yield* on("desktop", shared), yield* on("laptop", yield* makeState)]
      assert.strictEqual(new Set(ids).size, 3)
    }),
  )

  it.effect("is the same for concurrent callers", () =>
    Effect.gen(function* () {
      const directory = yield* makeState
      const ids = yield* Effect.replicateEffect(on("laptop", directory), 20, { concurrency: "unbounded" })
      assert.strictEqual(new Set(ids).size, 1)
      assert.strictEqual(yield* on("laptop", directory), ids[0])
    }),
  )

  it.effect("is the same for a caller that comes while another is writing it", () =>
    Effect.gen(function* () {
      const directory = yield* makeState
      const begun = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      const slow = yield* on("laptop", directory).pipe(
        altered((fs) => ({
          writeFileString: (file, text, options) =>
            fs
              .writeFileString(file, "", options)
              .pipe(
                Effect.andThen(Deferred.succeed(begun, undefined)),
                Effect.andThen(Deferred.await(goOn)),
                Effect.andThen(fs.writeFileString(file, text)),
              ),
        })),
        Effect.forkChild,
      )
      yield* Deferred.await(begun)
      const quick = yield* on("laptop", directory)
      yield* Deferred.succeed(goOn, undefined)
      assert.strictEqual(yield* Fiber.join(slow), quick)
      assert.deepStrictEqual(yield* filesIn(directory), ["machine-id"])
    }),
  )

  it.effect("is made from the host name if nothing can be stored", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* makeState
      const refusing = altered(() => ({
        makeDirectory: () => denied("makeDirectory"),
        writeFileString: () => denied("writeFileString"),
      }))
      const id = yield* refusing(on("laptop", directory))
      assert.match(id, /^[0-9a-f]{8}$/u)
      assert.strictEqual(yield* refusing(on("laptop", directory)), id)
      assert.notStrictEqual(yield* refusing(on("desktop", directory)), id)

      yield* fs.makeDirectory(`${directory}/machine-id`, { recursive: true })
      assert.strictEqual(yield* on("laptop", directory), id)
      yield* fs.writeFileString(`${directory}/machine-id/file`, "precious")
      assert.strictEqual(yield* on("laptop", `${directory}/machine-id/file`), id)
      assert.deepStrictEqual(yield* filesIn(directory), ["machine-id"])
    }),
  )
})
