/** The configuration that adds this server to each MCP client. A test compares it with the README. */
import { Result } from "effect"
import { CommandLine } from "effect/process"
import {
  askFirst,
  assignments,
  commandLine,
  type Form,
  type Launch,
  mcpServers,
  server,
  unlessEmpty,
  yamlServer,
} from "./forms.ts"
import { toJson } from "../terminal/terminal.ts"

export const clients = [
  "claude-code",
  "codex",
  "gemini",
  "copilot",
  "qwen",
  "opencode",
  "vscode",
  "cursor",
  "cline",
  "continue",
  "json",
] as const
export type Client = (typeof clients)[number]

export interface ClientConfiguration {
  readonly title: string
  readonly form: Form
  /** What to do with it. */
  readonly instruction: string
  /** How to check that it works. */
  readonly verification: string
  /** How to pass OPENCODE_SERVER_PASSWORD to the server without storing it in this configuration. */
  readonly password: string
}

/** Qwen Code has the commands of Gemini CLI, from which it was made. */
const addForUser = (program: string) => (launch: Launch) => [
  program,
  "mcp",
  "add",
  "-s",
  "user",
  ...assignments(launch, "-e"),
  server,
  ...commandLine(launch),
]

const inherited = (client: string) =>
  `${client} passes its own environment on: start it where OPENCODE_SERVER_PASSWORD is set.`

export const clientConfigurations: Readonly<Record<Client, ClientConfiguration>> = {
  "claude-code": {
    title: "Claude Code",
    form: {
      kind: "command",
      words: (launch) => [
        "claude",
        "mcp",
        "add",
        server,
        "-s",
        "user",
        ...assignments(launch, "-e"),
        "--",
        ...commandLine(launch),
      ],
    },
    instruction: "Run this once, in any directory:",
    verification:
      "`claude mcp list` then shows it as connected. `claude mcp remove opencode-fleet -s user` removes it.",
    password: inherited("Claude Code"),
  },
  codex: {
    title: "Codex",
    form: {
      kind: "command",
      words: (launch) => ["codex", "mcp", "add", server, ...assignments(launch, "--env"), "--", ...commandLine(launch)],
    },
    instruction: "Run this once, in any directory:",
    verification: "`codex mcp list` then lists it. `codex mcp remove opencode-fleet` removes it.",
    password:
      'Codex passes on only listed variables: add env_vars = ["OPENCODE_SERVER_PASSWORD"] under [mcp_servers.opencode-fleet] in ~/.codex/config.toml, and start Codex where the variable is set.',
  },
  gemini: {
    title: "Gemini CLI",
    form: {
      kind: "command",
      words: addForUser("gemini"),
    },
    instruction: "Run this once, in any directory:",
    verification:
      "`gemini mcp list`, in a folder that Gemini CLI trusts, then shows it as connected. `gemini mcp remove -s user opencode-fleet` removes it.",
    password:
      'Gemini CLI does not pass passwords on: add "OPENCODE_SERVER_PASSWORD": "$OPENCODE_SERVER_PASSWORD" to the "env" of opencode-fleet in ~/.gemini/settings.json, exactly as written here, and start Gemini CLI where the variable is set.',
  },
  copilot: {
    title: "Copilot CLI",
    form: {
      kind: "command",
      words: (launch) => [
        "copilot",
        "mcp",
        "add",
        server,
        ...assignments(launch, "--env"),
        "--",
        ...commandLine(launch),
      ],
    },
    instruction: "Run this once, in any directory:",
    verification: "`copilot mcp list` then lists it. `copilot mcp remove opencode-fleet` removes it.",
    password: inherited("Copilot CLI"),
  },
  qwen: {
    title: "Qwen Code",
    form: {
      kind: "command",
      words: addForUser("qwen"),
    },
    instruction: "Run this once, in any directory:",
    verification: "`qwen mcp list` then shows it as connected. `qwen mcp remove -s user opencode-fleet` removes it.",
    password: inherited("Qwen Code"),
  },
  opencode: {
    title: "opencode",
    form: {
      kind: "file",
      json: (launch) => ({
        mcp: {
          [server]: {
            type: "local",
            enabled: true,
            command: commandLine(launch),
            ...unlessEmpty("environment", launch),
          },
        },
        permission: askFirst,
      }),
    },
    instruction: "Put this into a project's opencode.json, or into ~/.config/opencode/opencode.json for all projects:",
    verification:
      "`opencode mcp list` then shows it as connected. The permissions make opencode ask you before its agent decides a request of another agent.",
    password: `${inherited("opencode")} opencode 2 runs it in its background service: put the password into a file that only you can read, and add "OPENCODE_SERVER_PASSWORD": "{file:/path/to/it}" to "environment". The service of this machine needs no password.`,
  },
  vscode: {
    title: "VS Code",
    form: {
      kind: "file",
      json: (launch) => ({
        servers: {
          [server]: { type: "stdio", command: launch.command, args: launch.args, ...unlessEmpty("env", launch) },
        },
      }),
    },
    instruction:
      "Put this into a project's .vscode/mcp.json, or into the file that `MCP: Open User Configuration` opens:",
    verification: "`MCP: List Servers` then lists it. Start it there.",
    password:
      'Add "inputs": [{"type": "promptString", "id": "opencode-password", "description": "Password of opencode", "password": true}] beside "servers", and "OPENCODE_SERVER_PASSWORD": "${input:opencode-password}" to "env". VS Code asks for the password once and stores it securely.',
  },
  cursor: {
    title: "Cursor",
    form: {
      kind: "file",
      json: mcpServers,
    },
    instruction: "Put this into ~/.cursor/mcp.json, or into a project's .cursor/mcp.json:",
    verification: "Cursor's settings then list it as an MCP server.",
    password:
      'Add "OPENCODE_SERVER_PASSWORD": "${env:OPENCODE_SERVER_PASSWORD}" to "env", exactly as written here, and start Cursor where the variable is set.',
  },
  cline: {
    title: "Cline",
    form: { kind: "file", json: mcpServers },
    instruction:
      "Put this into ~/.cline/data/settings/cline_mcp_settings.json, or into the file that Cline's `Configure MCP Servers` opens:",
    verification: "`cline mcp list` or Cline's list of MCP servers then shows it.",
    password: inherited("Cline"),
  },
  continue: {
    title: "Continue",
    form: { kind: "yaml", yaml: yamlServer },
    instruction: "Put this into ~/.continue/config.yaml:",
    verification: "`/mcp` in `cn`, or Continue's settings, then list it.",
    password: inherited("Continue"),
  },
  json: {
    title: "Other clients",
    form: { kind: "file", json: mcpServers },
    instruction: "Most MCP clients take this JSON in their configuration file:",
    verification: "See the client's documentation for the file, and for how it lists its MCP servers.",
    password:
      "Pass OPENCODE_SERVER_PASSWORD in the way that the client's documentation recommends for secrets; many clients pass their own environment on.",
  },
}

const shell = process.platform === "win32" ? "powershell" : "posix"

/** The command line in the syntax of this system's shell, or the text for the file. */
export const configurationText = <Server>(
  { form }: { readonly form: Form<Server> },
  launch: Server,
): Result.Result<string, CommandLine.CommandLineError> => {
  switch (form.kind) {
    case "command":
      return CommandLine.join(form.words(launch), { format: shell })
    case "file":
      return Result.succeed(toJson(form.json(launch)))
    case "yaml":
      return Result.succeed(form.yaml(launch))
  }
}
