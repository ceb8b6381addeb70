/** How an MCP client starts this executable. */
import { Config, Effect, FileSystem, Option } from "effect"
import { Settings } from "../../Settings.ts"
import { failedWith } from "../process/exitStatus.ts"
import type { Launch } from "./clientConfigurations.ts"

/** Variables that are copied unchanged. The password is never copied. */
export const copiedVariables = [
  "TRANSPORT",
  "LOCAL_PORTS",
  "SSH_HOSTS",
  "MDNS_ALLOW",
  "TAILSCALE_PORTS",
  "TAILSCALE_TAG",
  "DISCOVERY_INTERVAL_MS",
  "HEALTH_CHECK_TIMEOUT_MS",
  "SEND_TIMEOUT_MS",
  "MAX_ANSWER_CHARS",
  "OPENCODE_SERVER_USERNAME",
  "LOG_LEVEL",
  "XDG_STATE_HOME",
] as const

const variable = (name: string) => Effect.orDie(Config.option(Config.String(name)))

/** The relay directory, copied as an absolute path because the client starts the server in another directory. */
const relayDirectory = Effect.gen(function* () {
  const values = yield* Effect.forEach(["RELAY_REGISTRY_DIR", "XDG_DATA_HOME"], variable)
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

/** Launches this executable by its absolute path, because a client that was not started in a terminal may lack a PATH. */
export const thisLaunch = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const program = yield* Effect.mapError(fs.realPath(process.argv[1] ?? ""), failedWith)
  return { command: process.execPath, args: [program], environment: yield* environment } satisfies Launch as Launch
})
