/** The built executable as `opencode-fleet connect`, in the home and project of an opencode of the tests. */
import { Effect, Ref, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { executable } from "./Executable.ts"
import { environment, type Place } from "./OpencodePlace.ts"

export interface Options {
  readonly args?: ReadonlyArray<string>
  /** Further variables, such as RELAY_SSH_CMD. */
  readonly variables?: Readonly<Record<string, string>>
  /** Where it is started; the place's project unless it is given. */
  readonly cwd?: string
  readonly password?: string
}

/** What it is started with. */
export const connectCommand = (place: Place, { args = ["--headless"], cwd, password, variables }: Options = {}) => ({
  argv: [process.execPath, executable, "connect", ...args] as const,
  cwd: cwd ?? place.directory,
  env: { ...environment(place.home, password), ...variables },
})

/** Starts it; the end of the scope ends it. */
export const startConnect = Effect.fn("startConnect")(function* (place: Place, options?: Options) {
  const { argv, cwd, env } = connectCommand(place, options)
  const [program, ...args] = argv
  const handle = yield* ChildProcess.make(program, args, { cwd, env, stdin: "ignore", forceKillAfter: "10 seconds" })
  const output = yield* Ref.make("")
  yield* handle.all.pipe(
    Stream.decodeText,
    Stream.runForEach((text) => Ref.update(output, (before) => before + text)),
    Effect.ignore,
    Effect.forkScoped,
  )
  return {
    pid: handle.pid,
    /** All that it has printed. */
    output: Ref.get(output),
    exitStatus: handle.exitCode,
    /** Only to itself, as a process manager sends it. */
    signal: (name: NodeJS.Signals) => Effect.sync(() => process.kill(handle.pid, name)),
  }
})
export type ConnectProcess = Effect.Success<ReturnType<typeof startConnect>>
