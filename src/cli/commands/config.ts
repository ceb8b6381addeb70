/** `opencode-fleet config`: prints the configuration that adds this executable to an MCP client. */
import { Console, Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { type Client, clientConfigurations, clients, configurationText } from "../clients/clientConfigurations.ts"
import { copiedVariables, setSecrets, thisLaunch } from "../clients/launch.ts"
import { failedWith } from "../process/exitStatus.ts"
import { settingsLayer } from "../settings/settingsLayer.ts"

const run = Effect.fn(function* ({ client }: { client: Client }) {
  const configuration = clientConfigurations[client]
  const text = yield* Effect.mapError(
    Effect.fromResult(configurationText(configuration, yield* thisLaunch)),
    failedWith,
  )
  yield* Console.error(`${configuration.title}: ${configuration.instruction}`)
  yield* Console.log(text)
  yield* Console.error(configuration.verification)
  const secrets = yield* Effect.mapError(setSecrets, failedWith)
  for (const name of secrets) {
    yield* Console.error(
      name === "OPENCODE_SERVER_PASSWORD"
        ? `The password is not part of this configuration. ${configuration.password}`
        : `${name} is not part of this configuration, because it can contain a password. Pass it like OPENCODE_SERVER_PASSWORD, or add it yourself.`,
    )
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
    `Prints what adds this executable to an MCP client: a command to run for Claude Code, Codex, Gemini CLI, Copilot CLI and Qwen Code; JSON or YAML to paste for opencode, VS Code, Cursor, Cline and Continue; with \`json\`, the JSON that most other clients take. The instructions are printed on stderr.

These variables are copied if they are set: RELAY_REGISTRY_DIR, ${copiedVariables.join(", ")}. OPENCODE_SERVER_PASSWORD is never copied; if it is set, stderr says how to pass it to the client.

Exit status: 0; 1 if a setting cannot be used; 2 for a usage error.`,
  ),
  Command.withExamples([
    { command: "opencode-fleet config claude-code", description: "Print the command" },
    { command: 'sh -c "$(opencode-fleet config codex)"', description: "Run the command" },
    { command: "opencode-fleet config vscode", description: "Print the JSON to paste" },
  ]),
)
