/** `opencode-fleet config`: prints the configuration that adds this executable to an MCP client. */
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { bareFlag } from "../arguments/bareFlag.ts"
import {
  type Client,
  type ClientConfiguration,
  clientConfigurations,
  clients,
  configurationText,
} from "../clients/clientConfigurations.ts"
import { webUrlForms } from "../arguments/webUrl.ts"
import { defaultUrl, endpointUrl, tokenVariable } from "../clients/endpointUrl.ts"
import { copiedVariables, setSecrets, thisLaunch } from "../clients/launch.ts"
import type { RemoteInput } from "../clients/remote.ts"
import { CommandFailed, exitStatus, failedBecause, failedWith } from "../process/exitStatus.ts"
import { settingsLayer } from "../settings/settingsLayer.ts"

/** How to pass OPENCODE_SERVER_PASSWORD, and other secrets, to a server that the client starts. */
const passwordNotes = Effect.fnUntraced(function* ({ password }: ClientConfiguration) {
  const secrets = yield* Effect.mapError(setSecrets, failedWith)
  return secrets.map((name) =>
    name === "OPENCODE_SERVER_PASSWORD"
      ? `The password is not part of this configuration. ${password}`
      : `${name} is not part of this configuration, because it can contain a password. Pass it like OPENCODE_SERVER_PASSWORD, or add it yourself.`,
  )
})

interface Input extends RemoteInput {
  readonly client: Client
  readonly http: boolean
}

const onStdio = (configuration: ClientConfiguration) =>
  Effect.all([
    Effect.flatMap(thisLaunch, (launch) => Effect.fromResult(configurationText(configuration, launch))),
    passwordNotes(configuration),
  ])

const overHttp = (input: Input) =>
  Effect.flatMap(
    Effect.promise(() => import("../clients/overHttp.ts")),
    ({ overHttp }) => overHttp(input.client, input),
  )

const run = Effect.fn(function* (input: Input) {
  if (!input.http && (Option.isSome(input.url) || input.login || Option.isSome(input.tokenFile))) {
    return yield* failedBecause("URL, --login and --token-file need --http.", exitStatus.usage)
  }
  if (input.login && Option.isSome(input.tokenFile)) {
    return yield* failedBecause(
      "A client logs in (--login) or has a token (--token-file): choose one.",
      exitStatus.usage,
    )
  }
  const configuration = clientConfigurations[input.client]
  const [text, notes] = yield* (input.http ? overHttp(input) : onStdio(configuration)).pipe(
    Effect.mapError((error) => (error instanceof CommandFailed ? error : failedWith(error))),
  )
  yield* Console.error(`${configuration.title}: ${configuration.instruction}`)
  yield* Console.log(text)
  yield* Console.error(configuration.verification)
  yield* Effect.forEach(notes, (note) => Console.error(note), { discard: true })
})

export const config = Command.make(
  "config",
  {
    http: bareFlag("http").pipe(Flag.withDescription("For a server that is running: opencode-fleet serve --http")),
    login: bareFlag("login").pipe(Flag.withDescription("With --http: the client logs in (OAuth), and needs no token")),
    tokenFile: Flag.String("token-file").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("With --http: use the first token of this file"),
      Flag.optional,
    ),
    client: Argument.Literals("client", clients).pipe(
      Argument.withDescription(`The MCP client: ${clients.join(", ")}`),
    ),
    url: Argument.String("url").pipe(
      Argument.withDescription(
        `With --http, where clients reach the server (default: the one that is running here, else ${defaultUrl})`,
      ),
      Argument.filterMap(endpointUrl, () => webUrlForms),
      Argument.optional,
    ),
  },
  run,
).pipe(
  Command.provide(settingsLayer),
  Command.withShortDescription("Print the configuration for an MCP client"),
  Command.withDescription(
    `Prints what adds this executable to an MCP client: a command to run for Claude Code, Codex, Gemini CLI, Copilot CLI and Qwen Code; JSON or YAML to paste for opencode, VS Code, Cursor, Cline and Continue; with \`json\`, the JSON that most other clients take. The instructions are printed on stderr.

These variables are copied if they are set: RELAY_REGISTRY_DIR, ${copiedVariables.join(", ")}. OPENCODE_SERVER_PASSWORD is never copied; if it is set, stderr says how to pass it to the client.

With --http, the client connects to \`opencode-fleet serve --http\` instead of starting a server of its own. It reads the token from the file that the server made, or from the variable ${tokenVariable}; for clients that can do neither, the token is part of what is printed, and stderr says so.

Exit status: 0; 1 if a setting cannot be used; 2 for a usage error.`,
  ),
  Command.withExamples([
    { command: "opencode-fleet config claude-code", description: "Print the command" },
    { command: 'sh -c "$(opencode-fleet config codex)"', description: "Run the command" },
    { command: "opencode-fleet config vscode", description: "Print the JSON to paste" },
    { command: "opencode-fleet config codex --http", description: "For a server over HTTP on this machine" },
  ]),
)
