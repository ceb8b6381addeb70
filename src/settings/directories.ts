/** The directories that opencode-fleet reads and writes by default, according to the XDG Base Directory specification. */
import { Effect, Option, Path } from "effect"
import { AccountHome } from "../machine/AccountHome.ts"
import { SettingsError } from "./SettingsError.ts"
import { parsed, variable } from "./variable.ts"
import type { Variable } from "./variables.ts"

/** An empty `HOME` counts as unset. Without one, the account's home directory, as in a service or a container. */
const home = Effect.gen(function* () {
  const path = yield* Path.Path
  const [variableHome, profile] = yield* Effect.all([variable("HOME"), variable("USERPROFILE")])
  const directory = Option.getOrUndefined(Option.orElse(variableHome, () => profile)) ?? (yield* AccountHome)
  if (directory !== undefined && path.isAbsolute(directory)) return directory
  return yield* new SettingsError({
    variable: "HOME",
    value: directory ?? "",
    allowed: "set it to the absolute path of the home directory, or RELAY_REGISTRY_DIR to an absolute path",
  })
})

/** The specification says that a relative path in one of its variables is invalid and must be ignored. */
const baseDirectory = Effect.fnUntraced(function* (name: Variable, ...inHome: ReadonlyArray<string>) {
  const path = yield* Path.Path
  const chosen = Option.filter(yield* variable(name), (value) => path.isAbsolute(value))
  return Option.isSome(chosen) ? chosen.value : path.join(yield* home, ...inHome)
})

/** `~` or a path below it. Only a shell knows the homes of others. */
export const inHome = /^~(?=$|[/\\])/u

/** `RELAY_REGISTRY_DIR`, in which a leading `~` is the home directory; default `$XDG_DATA_HOME/opencode-relay`. */
export const relayDirectory = Effect.gen(function* () {
  const path = yield* Path.Path
  const chosen = yield* parsed(
    "RELAY_REGISTRY_DIR",
    "it takes an absolute path, or a path that starts with ~/, without a NUL character or white space around it",
    (value) =>
      value.includes("\0") || value !== value.trim() || !(path.isAbsolute(value) || inHome.test(value))
        ? Option.none()
        : Option.some(value),
  )
  if (Option.isSome(chosen)) {
    return inHome.test(chosen.value) ? path.join(yield* home, chosen.value.slice(1)) : path.resolve(chosen.value)
  }
  return path.join(yield* baseDirectory("XDG_DATA_HOME", ".local", "share"), "opencode-relay")
})

/** Whether nothing says where the home directory is. Any other error is about a value. */
const isHomeless = ({ value, variable }: SettingsError) => variable === "HOME" && value === ""

/** The state directory inside a relay directory, for programs and users without a home directory. */
export const stateDirectoryIn = (relayDirectory: string) => `${relayDirectory}/.state`

/** A directory of opencode's own. Undefined without a home directory. */
const opencodeDirectory = (name: Variable, ...inHome: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    return path.join(yield* baseDirectory(name, ...inHome), "opencode")
  }).pipe(Effect.catchTag("SettingsError", (error) => (isHomeless(error) ? Effect.undefined : Effect.fail(error))))

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
}).pipe(
  Effect.catchTag("SettingsError", (error) =>
    isHomeless(error) ? Effect.map(relayDirectory, stateDirectoryIn) : Effect.fail(error),
  ),
)

/** The token that `serve --http` makes for its own user. */
export const ownTokenFile = (stateDirectory: string) => `${stateDirectory}/http-token`
