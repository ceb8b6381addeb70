/** The files of the cache: who may read them, and which are ignored. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { cacheFilesIn } from "../../src/machine/CacheFiles.ts"

const scene = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const directory = `${yield* fs.makeTempDirectoryScoped()}/cache`
  return { fs, directory, file: `${directory}/a.json`, files: cacheFilesIn(directory) }
})

describe("A file of the cache", () => {
  it.effect("is this user's alone, and replaced as a whole", () =>
    Effect.gen(function* () {
      const { directory, file, files, fs } = yield* scene
      assert.isUndefined(yield* files.read("a.json"))
      yield* files.write("a.json", "one")
      yield* files.write("a.json", "two")
      assert.strictEqual(yield* files.read("a.json"), "two")
      assert.strictEqual((yield* fs.stat(file)).mode & 0o777, 0o600)
      assert.strictEqual((yield* fs.stat(directory)).mode & 0o777, 0o700)
      assert.deepStrictEqual(yield* fs.readDirectory(directory), ["a.json"])
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("is ignored if it is a link, a directory or too large", () =>
    Effect.gen(function* () {
      const { directory, file, files, fs } = yield* scene
      yield* fs.makeDirectory(directory)
      yield* fs.writeFileString(`${directory}/target`, "secret")
      yield* fs.symlink(`${directory}/target`, file)
      assert.isUndefined(yield* files.read("a.json"))
      // The link is replaced, not followed.
      yield* files.write("a.json", "own")
      assert.strictEqual(yield* fs.readFileString(`${directory}/target`), "secret")
      assert.strictEqual(yield* files.read("a.json"), "own")
      yield* fs.makeDirectory(`${directory}/b.json`)
      assert.isUndefined(yield* files.read("b.json"))
      yield* fs.writeFileString(`${directory}/c.json`, "x".repeat(2 * 1024 * 1024))
      assert.isUndefined(yield* files.read("c.json"))
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("is not written where the directory cannot be made, and nothing fails", () =>
    Effect.gen(function* () {
      const { directory, files, fs } = yield* scene
      yield* fs.writeFileString(directory, "a file")
      yield* files.write("a.json", "one")
      assert.isUndefined(yield* files.read("a.json"))
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
