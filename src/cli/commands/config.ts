/** `opencode-fleet config`: prints the configuration that adds this executable to an MCP client. */
import { Config, Console, Effect, FileSystem, Option, Result } from "effect"
import { Argument, Command } from "effect/cli"
import { CommandLine } from "effect/process"
import { Settings } from "../../Settings.ts"
import {
  type Client,
  clientConfigurations,
  type ClientConfiguration,
  clients,
  type Launch,
} from "../clients/clientConfigurations.ts"
import { failedWith } from "../process/exitStatus.ts"
import { settingsLayer } from "../settings/settingsLayer.ts"
import { toJson } from "../terminal/terminal.ts"

/** Copied unchanged. The password never is. */
const copiedVariables = [
  "TRANSPORT",
  "DISCOVERY_INTERVAL_MS",
  "HEALTH_CHECK_TIMEOUT_MS",
  "SEND_TIMEOUT_MS",
  "OPENCODE_SERVER_USERNAME",
  "LOG_LEVEL",
] as const

const variable = (name: string) => Effect.orDie(Config.option(Config.String(name)))

/** Copied as an absolute path, because the client starts the server in another directory and environment. */
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

/** This executable by its absolute path, because a client that was not started in a terminal may have no useful PATH. */
const thisLaunch = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const program = yield* Effect.mapError(fs.realPath(process.argv[1] ?? ""), failedWith)
  return { command: process.execPath, args: [program], environment: yield* environment } satisfies Launch as Launch
})

const shell = process.platform === "win32" ? "powershell" : "posix"

export const textOf = (
  { form }: ClientConfiguration,
  launch: Launch,
): Result.Result<string, CommandLine.CommandLineError> =>
  form.kind === "file"
    ? Result.succeed(toJson(form.json(launch)))
    : CommandLine.join(form.words(launch), { format: shell })

const run = Effect.fn(function* ({ client }: { client: Client }) {
  const configuration = clientConfigurations[client]
  const text = yield* Effect.mapError(Effect.fromResult(textOf(configuration, yield* thisLaunch)), failedWith)
  yield* Console.error(`${configuration.title}: ${configuration.where}`)
  yield* Console.log(text)
  yield* Console.error(configuration.next)
  const { credentials } = yield* Settings
  if (credentials !== undefined) {
    yield* Console.error(`The password is not part of this configuration. ${configuration.password}`)
  }
})

export const config = Command.make(
  "config",
  {
    client: Argument.Literals("client", clients).pipe(
      Argument.withDescription(`The MCP client: ${clients.join(", ")}`),
    ),
  },
  run,
).pipe(
  Command.provide(settingsLayer),
  Command.withShortDescription("Print the configuration for an MCP client"),
  Command.withDescription(
    `Prints what adds this executable to an MCP client: a command to run for Claude Code, Codex and Gemini CLI; JSON to paste for opencode, VS Code and Cursor. The instructions are printed on stderr.

These variables are copied if they are set: RELAY_REGISTRY_DIR, ${copiedVariables.join(", ")}. OPENCODE_SERVER_PASSWORD is never copied; if it is set, stderr says how to pass it to the client.

Exit status: 0; 1 if a setting cannot be used; 2 for a usage error.`,
  ),
  Command.withExamples([
    { command: "opencode-fleet config claude-code", description: "Print the command" },
    { command: 'sh -c "$(opencode-fleet config codex)"', description: "Run the command" },
    { command: "opencode-fleet config vscode", description: "Print the JSON to paste" },
  ]),
)
