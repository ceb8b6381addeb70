/** The processes that have a file open, on a system with `/proc`. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { existsSync } from "node:fs"
import { usersOf } from "../../src/machine/filesInUse.ts"

describe.skipIf(!existsSync("/proc/self/fd"))("a file", () => {
  layer(NodeServices.layer)((it) => {
    it.effect("is in use while a process has it open, also through a link to it", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const file = `${directory}/opencode.db`
        assert.deepStrictEqual(yield* usersOf(file), [])
        yield* fs.writeFileString(file, "")
        yield* fs.symlink(file, `${directory}/link`)
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* fs.open(file)
            const [found, ...others] = yield* usersOf(`${directory}/link`)
            assert.lengthOf(others, 0)
            assert.strictEqual(found?.pid, process.pid)
            assert.include(found?.program, "node")
          }),
        )
        assert.deepStrictEqual(yield* usersOf(file), [])
      }),
    )
  })
})
