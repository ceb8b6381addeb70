/** Whether the relay directory can be read and trusted, and whether `connect` can write there and to its log. */
import { Effect, FileSystem, type Option, Path, type PlatformError } from "effect"
import { failureText } from "../../../machine/fileError.ts"
import { CurrentUser, weakDirectory } from "../../../machine/StrictModes.ts"
import { line, plainLine } from "../../../text/plainText.ts"
import { Settings } from "../../../Settings.ts"
import { type Check, type Observation, ok, problem, warning } from "../Check.ts"

const variableHint = "RELAY_REGISTRY_DIR must name the directory of the registrations."

const observeTrust = (weak: Option.Option<string>, sendsPassword: boolean, directory: string) =>
  weak._tag === "None"
    ? ok(`${directory} is readable, and only you can write to it`)
    : (sendsPassword ? problem : warning)(
        line(weak.value),
        sendsPassword
          ? "It is not read while OPENCODE_SERVER_PASSWORD is set, because anyone who can write to it could redirect the password."
          : "Anyone who can write to it can announce instances. Once a password is set, it is no longer read.",
      )

const observeError = (directory: string) => (error: PlatformError.PlatformError) =>
  error.reason._tag === "NotFound"
    ? warning(`${directory} does not exist yet`, "`opencode-fleet connect` creates it with the first instance.")
    : error.reason._tag === "BadResource"
      ? problem(`${directory} is not a directory`, variableHint)
      : problem(`${directory} cannot be read: ${failureText(error)}`, `Fix its permissions. ${variableHint}`)

const stateAdvice = "Fix its permissions, or set XDG_STATE_HOME to another directory."

/** Whether `connect` can write there. Its directories are created with all their parents. */
const observeWriting = Effect.fnUntraced(function* (directory: string, advice: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const check = (current: string): Effect.Effect<ReadonlyArray<Observation>> =>
    fs.access(current, { writable: true }).pipe(
      Effect.as([]),
      Effect.catch((error) => {
        const parent = path.dirname(current)
        if (error.reason._tag === "NotFound" && parent !== current) return check(parent)
        const what = current === directory ? "cannot be written to" : `cannot be created in ${plainLine(current)}`
        return Effect.succeed([
          problem(`${plainLine(directory)} ${what}, so \`connect\` fails: ${failureText(error)}`, advice),
        ])
      }),
    )
  return yield* check(directory)
})

export const relayDirectory: Check<FileSystem.FileSystem | Path.Path | Settings> = {
  name: "relay directory",
  run: Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { credentials, relayDirectory: directory, stateDirectory, transports } = yield* Settings
    const registering = yield* observeWriting(directory, `Fix its permissions, or choose another one. ${variableHint}`)
    const isInside = stateDirectory.startsWith(`${directory}/`)
    const writing = [...registering, ...(isInside ? [] : yield* observeWriting(stateDirectory, stateAdvice))]
    if (!transports.includes("local-relay")) return writing
    const shown = plainLine(directory)
    const reading = yield* fs.readDirectory(directory).pipe(
      Effect.andThen(Effect.flatMap(CurrentUser, (user) => weakDirectory(directory, user))),
      Effect.map((weak) => observeTrust(weak, credentials !== undefined, shown)),
      Effect.catch((error) => Effect.succeed(observeError(shown)(error))),
    )
    // A missing directory is fine only if it can be created.
    return reading.state === "ok" || registering.length === 0 ? [reading, ...writing] : writing
  }),
}
