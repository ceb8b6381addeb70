/** The log of `opencode-fleet connect`: a file, for the terminal is opencode's. */
import { Effect, FileSystem, Logger, Path } from "effect"
import { instanceName } from "../../discovery/instanceName.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { fileNameOf } from "../../discovery/relay/RegistrationFiles.ts"
import { Settings } from "../../Settings.ts"

/** A log that has grown beyond this is begun anew. */
const largestLog = 1_000_000n

/** Opens it until the end of the scope. Without a terminal UI, what is logged shows on stderr, too. */
export const openLog = Effect.fnUntraced(function* (headless: boolean) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { instanceName: chosen, stateDirectory } = yield* Settings
  const { hostname } = yield* LocalMachine
  const directory = path.join(stateDirectory, "connect")
  const file = path.join(directory, `${fileNameOf(instanceName(chosen, hostname, path.resolve(".")))}.log`)
  yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })
  const full = yield* fs.stat(file).pipe(
    Effect.map(({ size }) => size > largestLog),
    Effect.orElseSucceed(() => false),
  )
  const logger = yield* Logger.toFile(Logger.formatLogFmt, file, { flag: full ? "w" : "a", mode: 0o600 })
  return { file, loggers: headless ? [logger, Logger.withConsoleError(Logger.formatLogFmt)] : [logger] }
})
