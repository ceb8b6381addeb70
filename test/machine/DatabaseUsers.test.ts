import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Schedule } from "effect"
import { ChildProcess } from "effect/process"
import { DatabaseUsers } from "../../src/machine/DatabaseUsers.ts"

/** A process that has opened the file. */
const opening = (file: string) => ChildProcess.make("sh", ["-c", 'exec 3<"$0"; exec sleep 600', file])

layer(NodeServices.layer, { excludeTestServices: true })("The users of an opencode database", (it) => {
  it.effect.skipIf(process.platform !== "linux")("are the other processes that have opened it", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const [one, other] = [`${directory}/opencode.db`, `${directory}/opencode-dev.db`]
      for (const file of [one, other]) yield* fs.writeFileString(file, "")
      const first = yield* opening(one)
      const second = yield* opening(one)
      yield* opening(other)
      const { besides } = yield* DatabaseUsers
      const users = yield* besides(first.pid).pipe(
        Effect.repeat({ until: (found) => found?.length === 1, schedule: Schedule.spaced("20 millis") }),
      )
      assert.strictEqual(users?.[0]?.pid, Number(second.pid))
      assert.isBelow(Math.abs(Date.now() - (users?.[0]?.startedAt ?? 0)), 60_000)
    }),
  )

  it.effect("are unknown for a process without a database, and for one of another machine", () =>
    Effect.gen(function* () {
      const { besides } = yield* DatabaseUsers
      assert.isUndefined(yield* besides(process.pid))
      assert.isUndefined(yield* besides(2 ** 30))
    }),
  )
})
