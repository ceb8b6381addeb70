/** The log of `opencode-fleet connect`: a file, because the terminal belongs to opencode. */
import { Effect, FileSystem, Logger, Path } from "effect"
import { instanceName } from "../../discovery/instanceName.ts"
import { fileNameOf } from "../../discovery/relay/RegistrationFiles.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"

/** Bytes. A larger log is started over. */
const maxLogSize = 1_000_000n

interface LogOptions {
  /** Absolute path of the state directory; logs are in its `connect` folder. */
  readonly stateDirectory: string
  /** The instance's chosen name. Default: host and directory. It names the file. */
  readonly instanceName: string | undefined
  /** Whether log lines are also printed on stderr: when there is no terminal UI. */
  readonly onStderr: boolean
}

/** Opens the log until the end of the scope. */
export const openLog = Effect.fnUntraced(function* (options: LogOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { hostname } = yield* LocalMachine
  const directory = path.join(options.stateDirectory, "connect")
  const name = instanceName(options.instanceName, hostname, path.resolve("."))
  const file = path.join(directory, `${fileNameOf(name)}.log`)
  yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })
  const isFull = yield* fs.stat(file).pipe(
    Effect.map(({ size }) => size > maxLogSize),
    Effect.orElseSucceed(() => false),
  )
  const logger = yield* Logger.toFile(Logger.formatLogFmt, file, { flag: isFull ? "w" : "a", mode: 0o600 })
  return { file, loggers: options.onStderr ? [logger, Logger.withConsoleError(Logger.formatLogFmt)] : [logger] }
})
