/** The end of the process while the file system hangs: a pipe without a writer stands for it, because opening it never returns. */
import { assert, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { fileURLToPath } from "node:url"

const module = fileURLToPath(new URL("../../../src/cli/process/endProcess.ts", import.meta.url))

layer(NodeServices.layer, { excludeTestServices: true })("The process", (it) => {
  it.effect("ends with its status although threads are stuck in file operations", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* spawner.exitCode(ChildProcess.make("mkfifo", [`${directory}/pipe`]))
      const program = `
        import { open } from "node:fs"
        import { endProcess } from ${JSON.stringify(module)}
        for (let count = 0; count < 8; count++) open(${JSON.stringify(`${directory}/pipe`)}, "r", () => {})
        process.stdout.write("written")
        endProcess(3)
      `
      const command = ChildProcess.make(process.execPath, ["--input-type=module", "--eval", program])
      const child = yield* command
      assert.strictEqual(yield* child.exitCode, ChildProcessSpawner.ExitCode(3))
    }),
  )
})
