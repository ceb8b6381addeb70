import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { createFile, replaceFile } from "../../src/machine/atomicWrite.ts"
import { altered, denied, filesIn, modeOf } from "../discovery/relay/registrations.ts"

const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped({ prefix: "atomic-" }))

layer(NodeServices.layer)("An atomic write", (it) => {
  it.effect("creates a file only if it does not exist, readable by its owner alone", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      const file = `${directory}/id`
      assert.isTrue(yield* createFile(file, "first"))
      assert.isFalse(yield* createFile(file, "second"))
      assert.strictEqual(yield* fs.readFileString(file), "first")
      assert.strictEqual(yield* modeOf(file), 0o600)
      assert.deepStrictEqual(yield* filesIn(directory), ["id"])
    }),
  )

  it.effect("replaces a file and leaves no draft behind, even when it fails", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      const file = `${directory}/notes`
      yield* replaceFile(file, "first")
      yield* replaceFile(file, "second")
      const failing = altered(() => ({ rename: () => denied("rename") }))
      yield* Effect.flip(failing(replaceFile(file, "third")))
      assert.strictEqual(yield* fs.readFileString(file), "second")
      assert.deepStrictEqual(yield* filesIn(directory), ["notes"])
    }),
  )
})
