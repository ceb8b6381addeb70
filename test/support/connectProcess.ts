/** The built executable as `opencode-fleet connect`, in the home and project of an opencode of the tests. */
import { Effect, Exit, FileSystem, Option, Path, Ref, Schema, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { ConnectState, RegistrationJson } from "../../src/discovery/relay/Registration.ts"
import { fileURLToPath } from "node:url"
import { compileCache, executable } from "./Executable.ts"
import { eventually } from "./eventually.ts"
import { environment, type Workspace } from "./OpencodeWorkspace.ts"

export interface Options {
  readonly args?: ReadonlyArray<string>
  /** Further variables, such as RELAY_SSH_CMD. */
  readonly variables?: Readonly<Record<string, string>>
  /** The working directory. Default: the project. */
  readonly cwd?: string
  readonly password?: string
}

/** A PATH with the command `opencode`. */
export const pathWithOpencode = `${fileURLToPath(new URL("bin", import.meta.url))}:${process.env["PATH"]}`

/** Its command line, directory and environment. */
export const connectCommand = (
  workspace: Workspace,
  { args = ["--headless"], cwd, password, variables }: Options = {},
) => ({
  argv: [process.execPath, executable, "connect", ...args] as const,
  cwd: cwd ?? workspace.directory,
  env: {
    ...environment(workspace.home, password),
    PATH: pathWithOpencode,
    NODE_COMPILE_CACHE: compileCache,
    ...variables,
  },
})

/** Starts it. Closing the scope ends it. */
export const startConnect = Effect.fn("startConnect")(function* (workspace: Workspace, options?: Options) {
  const { argv, cwd, env } = connectCommand(workspace, options)
  const [program, ...args] = argv
  const handle = yield* ChildProcess.make(program, args, { cwd, env, stdin: "ignore", forceKillAfter: "10 seconds" })
  const output = yield* Ref.make("")
  yield* handle.all.pipe(
    Stream.decodeText,
    Stream.runForEach((text) => Ref.update(output, (before) => before + text)),
    Effect.ignore,
    Effect.forkScoped,
  )
  // On CI, this is all there is to diagnose from.
  yield* Effect.addFinalizer((exit) =>
    Exit.isFailure(exit)
      ? Effect.flatMap(Ref.get(output), (text) => Effect.logError(`connect (${handle.pid}) printed:\n${text}`))
      : Effect.void,
  )
  return {
    pid: handle.pid,
    /** Its whole output. */
    output: Ref.get(output),
    /** 0 to 255; none if a signal ended it. */
    exitStatus: Effect.option(Effect.map(handle.exitCode, Number)),
    /** Sent to the process only, as a process manager does. */
    signal: (name: NodeJS.Signals) => Effect.sync(() => process.kill(handle.pid, name)),
  }
})

/** The relay directory of the test's own machine. */
export const localRegistry = (workspace: Pick<Workspace, "home">) => `${workspace.home}/.local/share/opencode-relay`

const connectState = Schema.decodeUnknownOption(ConnectState)

/** The registrations in a directory; none if it does not exist. */
export const registrations = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const files = yield* fs.readDirectory(directory).pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))
  // A hidden file is still being written.
  return yield* Effect.forEach(files.filter((name) => !name.startsWith(".")).toSorted(), (name) =>
    Effect.gen(function* () {
      const file = path.join(directory, name)
      const registration = yield* Effect.flatMap(fs.readFileString(file), Schema.decodeUnknownEffect(RegistrationJson))
      return { ...registration, file, connect: Option.getOrUndefined(connectState(registration.connect)) }
    }),
  )
})

/** Waits until the directory has this number of registrations. */
export const registered = (directory: string, count: number) =>
  registrations(directory).pipe(
    // A registration may be removed while they are read.
    Effect.orElseSucceed((): Effect.Success<ReturnType<typeof registrations>> => []),
    eventually((all) => all.length === count),
  )

/** Processes whose command line contains the text. */
export const running = Effect.fnUntraced(function* (text: string) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const lines = yield* spawner.lines(ChildProcess.make("ps", ["-A", "-ww", "-o", "args="]))
  return lines.filter((line) => line.includes(text))
})
