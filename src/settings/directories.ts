/** The directories that opencode-fleet reads and writes by default, according to the XDG Base Directory specification. */
import { Effect, Option, Path } from "effect"
import { SettingsError } from "./SettingsError.ts"
import { parsed, variable } from "./variable.ts"

const home = Effect.flatMap(
  Effect.map(Effect.all([variable("HOME"), variable("USERPROFILE")]), Option.firstSomeOf),
  Option.match({
    onSome: Effect.succeed,
    onNone: () =>
      Effect.fail(
        new SettingsError({
          variable: "HOME",
          value: "",
          allowed: "set it to the home directory, or RELAY_REGISTRY_DIR to an absolute path",
        }),
      ),
  }),
)

/** The specification says that a relative path in one of its variables is invalid and must be ignored. */
const baseDirectory = Effect.fnUntraced(function* (name: string, ...inHome: ReadonlyArray<string>) {
  const path = yield* Path.Path
  const chosen = Option.filter(yield* variable(name), (value) => path.isAbsolute(value))
  return Option.isSome(chosen) ? chosen.value : path.join(yield* home, ...inHome)
})

/** `RELAY_REGISTRY_DIR`, in which a leading `~` is the home directory; default `$XDG_DATA_HOME/opencode-relay`. */
export const relayDirectory = Effect.gen(function* () {
  const path = yield* Path.Path
  const chosen = yield* parsed("RELAY_REGISTRY_DIR", "a path cannot contain a NUL character", (value) =>
    value.includes("\0") ? Option.none() : Option.some(value),
  )
  if (Option.isSome(chosen)) {
    return /^~(?=$|[/\\])/u.test(chosen.value)
      ? path.join(yield* home, chosen.value.slice(1))
      : path.resolve(chosen.value)
  }
  return path.join(yield* baseDirectory("XDG_DATA_HOME", ".local", "share"), "opencode-relay")
})

/** The state directory inside a relay directory, for programs and users without a home directory. */
export const stateDirectoryIn = (relayDirectory: string) => `${relayDirectory}/.state`

/** A directory of opencode's own. Undefined without a home directory. */
const opencodeDirectory = (name: string, ...inHome: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    return path.join(yield* baseDirectory(name, ...inHome), "opencode")
  }).pipe(Effect.catchTag("SettingsError", () => Effect.undefined))

/** `$XDG_STATE_HOME/opencode`, in which opencode 2 registers its services. */
export const serviceDirectory = opencodeDirectory("XDG_STATE_HOME", ".local", "state")

/** `$XDG_CONFIG_HOME/opencode`, in which opencode keeps its configuration. */
export const opencodeConfiguration = opencodeDirectory("XDG_CONFIG_HOME", ".config")

/** `$XDG_DATA_HOME/opencode`, in which opencode keeps its database. */
export const opencodeData = opencodeDirectory("XDG_DATA_HOME", ".local", "share")

/** `$XDG_STATE_HOME/opencode-fleet`; without a home directory, a directory inside the relay directory. */
export const stateDirectory = Effect.gen(function* () {
  const path = yield* Path.Path
  return path.join(yield* baseDirectory("XDG_STATE_HOME", ".local", "state"), "opencode-fleet")
}).pipe(Effect.catchTag("SettingsError", () => Effect.map(relayDirectory, stateDirectoryIn)))
