/** How an MCP client starts this executable. */
import { Effect, FileSystem, Option, Struct } from "effect"
import { Settings } from "../../Settings.ts"
import { variable } from "../../settings/variable.ts"
import { type Variable, variables } from "../../settings/variables.ts"
import { failedWith } from "../process/exitStatus.ts"
import type { Launch } from "./forms.ts"

/** The relay directory is copied as an absolute path, because the client starts the server in another directory. */
const relayVariables = ["RELAY_REGISTRY_DIR", "XDG_DATA_HOME"] as const

const isRelayVariable = (name: Variable) => relayVariables.some((each) => each === name)

/** The variables of the server that are copied unchanged. Secrets are never copied. */
export const copiedVariables: ReadonlyArray<Variable> = Struct.keys(variables).filter(
  (name) => variables[name].use === "server" && variables[name].content !== "secret" && !isRelayVariable(name),
)

const relayDirectory = Effect.gen(function* () {
  const values = yield* Effect.forEach(relayVariables, variable)
  const { relayDirectory } = yield* Settings
  return values.some(Option.isSome) ? { RELAY_REGISTRY_DIR: relayDirectory } : {}
})

const environment = Effect.gen(function* () {
  const values = yield* Effect.forEach(copiedVariables, (name) =>
    Effect.map(
      variable(name),
      Option.map((value) => [name, value] as const),
    ),
  )
  return { ...(yield* relayDirectory), ...Object.fromEntries(values.flatMap(Option.toArray)) }
})

/** The secrets that are set. Each is described to the user, and passed in another way. */
export const setSecrets = Effect.filter(
  Struct.keys(variables).filter((name) => variables[name].content === "secret"),
  (name) => Effect.map(variable(name), Option.isSome),
)

/** Launches this executable by its absolute path, because a client that was not started in a terminal may lack a PATH. */
export const thisLaunch = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const program = yield* Effect.mapError(fs.realPath(process.argv[1] ?? ""), failedWith)
  return {
    command: process.execPath,
    args: [program],
    environment: yield* Effect.mapError(environment, failedWith),
  } satisfies Launch as Launch
})
