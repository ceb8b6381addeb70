/** Whether the relay directory is one that registrations can be read from, and can be trusted. */
import { Effect, FileSystem, type Option, type Path, type PlatformError } from "effect"
import { CurrentUser, weakDirectory } from "../../../machine/StrictModes.ts"
import { line, plainLine } from "../../../text/plainText.ts"
import { Settings } from "../../../Settings.ts"
import { type Check, ok, problem, warning } from "../Check.ts"

const elsewhere = "RELAY_REGISTRY_DIR has to name the directory that holds the registrations."

const trust = (weak: Option.Option<string>, sendsPassword: boolean, directory: string) =>
  weak._tag === "None"
    ? ok(`${directory} can be read, and nobody else can write there`)
    : (sendsPassword ? problem : warning)(
        line(weak.value),
        sendsPassword
          ? "While OPENCODE_SERVER_PASSWORD is set it is not read, for whoever writes there could have the password sent elsewhere."
          : "Whoever writes there can announce instances of their own. With a password set it would not be read at all.",
      )

const failed = (directory: string) => (error: PlatformError.PlatformError) =>
  error.reason._tag === "NotFound"
    ? warning(`${directory} does not exist yet`, "`opencode-fleet connect` makes it with the first instance.")
    : error.reason._tag === "BadResource"
      ? problem(`${directory} is not a directory`, elsewhere)
      : problem(`${directory} cannot be read: ${line(error.message)}`, `Mend its permissions. ${elsewhere}`)

export const relayDirectory: Check<FileSystem.FileSystem | Path.Path | Settings> = {
  name: "relay directory",
  run: Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { credentials, relayDirectory: directory, transports } = yield* Settings
    if (!transports.includes("local-relay")) return []
    const shown = plainLine(directory)
    return yield* fs.readDirectory(directory).pipe(
      Effect.andThen(Effect.flatMap(CurrentUser, (user) => weakDirectory(directory, user))),
      Effect.map((weak) => trust(weak, credentials !== undefined, shown)),
      Effect.catch((error) => Effect.succeed(failed(shown)(error))),
      Effect.map((one) => [one]),
    )
  }),
}
