/** The built executable as a shell command: its output and exit status. */
import { Effect, Fiber, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { executable, type Relay, type Variables } from "./Executable.ts"

export interface CommandOptions {
  readonly cwd?: string
  readonly stdin?: string
  readonly variables?: Variables
}

/** Starts it. Closing the scope ends it. */
export const beginCommand = Effect.fn("beginCommand")(function* (
  relay: Relay,
  args: ReadonlyArray<string>,
  { cwd, stdin = "", variables }: CommandOptions = {},
) {
  const handle = yield* ChildProcess.make(process.execPath, [executable, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: relay.environment(variables),
    stdin: Stream.make(new TextEncoder().encode(stdin)),
    forceKillAfter: "5 seconds",
  })
  let stdout = ""
  let stderr = ""
  const read = yield* Effect.forkScoped(
    Effect.all(
      [
        handle.stdout.pipe(
          Stream.decodeText,
          Stream.runForEach((text) => Effect.sync(() => void (stdout += text))),
        ),
        handle.stderr.pipe(
          Stream.decodeText,
          Stream.runForEach((text) => Effect.sync(() => void (stderr += text))),
        ),
      ],
      { concurrency: 2 },
    ),
  )
  return {
    handle,
    stdout: Effect.sync(() => stdout),
    stderr: Effect.sync(() => stderr),
    /** The whole output, when it has ended. */
    ended: Effect.gen(function* () {
      const status = yield* handle.exitCode
      yield* Fiber.join(read)
      return { status: Number(status), stdout, stderr }
    }),
  }
})

/** Runs it to its end. */
export const runCommand = (relay: Relay, args: ReadonlyArray<string>, options?: CommandOptions) =>
  Effect.scoped(Effect.flatMap(beginCommand(relay, args, options), ({ ended }) => ended))
