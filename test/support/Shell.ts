/** A person's shell with the command `opencode-fleet`, for tests that type what a page of docs/ tells to type. */
import { Effect, Fiber, FileSystem, Path, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { executable } from "./Executable.ts"
import { eventually } from "./eventually.ts"

export interface ShellOptions {
  /** The whole environment, except that the command's directory is put before its PATH. HOME is the working directory. */
  readonly env: Readonly<Record<string, string | undefined>> & { readonly HOME: string }
  /** What is typed instead of parts of a line that a page shows, such as a message. */
  readonly instead?: Readonly<Record<string, string>>
}

/** A shell in a HOME. The command is removed from it when the scope closes. */
export const makeShell = Effect.fn("makeShell")(function* ({ env, instead = {} }: ShellOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const bin = yield* fs.makeTempDirectoryScoped({ prefix: "bin-" })
  const ownPath = `${bin}:${env["PATH"] ?? ""}`
  const script = `#!/bin/sh\nexec "${process.execPath}" "${executable}" "$@"\n`
  yield* fs.writeFileString(path.join(bin, "opencode-fleet"), script, { mode: 0o755 })

  /** Starts a line. Closing the scope ends it. A command replaces its shell, so that its exit status is seen after a signal. */
  const begin = Effect.fn("begin")(
    function* (line: string) {
      const typed = Object.entries(instead).reduce((text, [shown, real]) => text.replaceAll(shown, real), line)
      const handle = yield* ChildProcess.make("sh", ["-c", typed.replace(/^opencode-fleet /u, "exec $&")], {
        cwd: env.HOME,
        env: { ...env, PATH: ownPath },
        stdin: "ignore",
        forceKillAfter: "10 seconds",
      })
      let stdout = ""
      let stderr = ""
      const reading = yield* Effect.forkScoped(
        Effect.all(
          [
            Stream.runForEach(Stream.decodeText(handle.stdout), (text) => Effect.sync(() => void (stdout += text))),
            Stream.runForEach(Stream.decodeText(handle.stderr), (text) => Effect.sync(() => void (stderr += text))),
          ],
          { concurrency: 2 },
        ),
      )
      const output = Effect.sync(() => stdout + stderr)
      return {
        /** Waits until the output so far matches. */
        until: (pattern: RegExp) => output.pipe(eventually((text) => pattern.test(text))),
        output,
        /** As Ctrl-C. */
        stop: handle.kill({ killSignal: "SIGINT" }),
        ended: Effect.gen(function* () {
          const status = Number(yield* handle.exitCode)
          yield* Fiber.await(reading)
          return { status, stdout, stderr }
        }),
      }
    },
    Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, spawner),
  )

  return {
    /** The environment of its lines. */
    env: { ...env, PATH: ownPath },
    begin,
    /** Runs a line to its end. */
    type: (line: string) => Effect.scoped(Effect.flatMap(begin(line), ({ ended }) => ended)),
  }
})
export type Shell = Effect.Success<ReturnType<typeof makeShell>>
