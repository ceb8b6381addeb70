/** Whether the relay directory can be read and trusted. */
import { Effect, FileSystem, type Option, type Path, type PlatformError } from "effect"
import { CurrentUser, weakDirectory } from "../../../machine/StrictModes.ts"
import { line, plainLine } from "../../../text/plainText.ts"
import { Settings } from "../../../Settings.ts"
import { type Check, ok, problem, warning } from "../Check.ts"

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
      : problem(`${directory} cannot be read: ${line(error.message)}`, `Fix its permissions. ${variableHint}`)

export const relayDirectory: Check<FileSystem.FileSystem | Path.Path | Settings> = {
  name: "relay directory",
  run: Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { credentials, relayDirectory: directory, transports } = yield* Settings
    if (!transports.includes("local-relay")) return []
    const shown = plainLine(directory)
    return yield* fs.readDirectory(directory).pipe(
      Effect.andThen(Effect.flatMap(CurrentUser, (user) => weakDirectory(directory, user))),
      Effect.map((weak) => observeTrust(weak, credentials !== undefined, shown)),
      Effect.catch((error) => Effect.succeed(observeError(shown)(error))),
      Effect.map((one) => [one]),
    )
  }),
}
