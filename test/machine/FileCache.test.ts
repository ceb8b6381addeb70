import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { FileCache } from "../../src/machine/FileCache.ts"

/** Epoch milliseconds of a change, and of a moment when it has settled. */
const changed = 1_000_000
const later = changed + 10_000

/** A file of one letter, changed at that time. */
const makeFile = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const file = `${yield* fs.makeTempDirectoryScoped()}/one.json`
  const write = Effect.fnUntraced(function* (content: string, at: number) {
    yield* fs.writeFileString(file, content)
    yield* fs.utimes(file, new Date(at), new Date(at))
    return yield* fs.stat(file)
  })
  return { file, write }
})

describe("FileCache", () => {
  layer(NodeFileSystem.layer)((it) => {
    it.effect("returns the value of an unchanged file", () =>
      Effect.gen(function* () {
        const { file, write } = yield* makeFile
        const info = yield* write("a", changed)
        const memo = new FileCache<string>()
        assert.isUndefined(memo.get(file, info))
        memo.set(file, info, later, "made of a")
        assert.strictEqual(memo.get(file, yield* write("a", changed)), "made of a")
      }),
    )

    it.effect("drops the value when the file's time or size changes", () =>
      Effect.gen(function* () {
        const { file, write } = yield* makeFile
        const memo = new FileCache<string>()
        memo.set(file, yield* write("a", changed), later, "made of a")
        assert.isUndefined(memo.get(file, yield* write("b", changed + 1000)))
        assert.isUndefined(memo.get(file, yield* write("ab", changed)))
      }),
    )

    it.effect("does not cache a file that was changed just now, because it may change again within the same tick", () =>
      Effect.gen(function* () {
        const { file, write } = yield* makeFile
        const info = yield* write("a", changed)
        const memo = new FileCache<string>()
        memo.set(file, info, changed + 1, "made of a")
        assert.isUndefined(memo.get(file, info))
      }),
    )

    it.effect("drops the values of removed files", () =>
      Effect.gen(function* () {
        const { file, write } = yield* makeFile
        const info = yield* write("a", changed)
        const memo = new FileCache<string>()
        memo.set(file, info, later, "made of a")
        memo.retain(new Set(["another.json"]))
        assert.isUndefined(memo.get(file, info))
      }),
    )
  })
})
