/** How each MCP client is told to start this server. What the README says of them is compared with this by a test. */

export const clients = ["claude-code", "codex", "gemini", "opencode", "vscode", "cursor"] as const
export type Client = (typeof clients)[number]

/** The server's name in every client. */
const server = "opencode-fleet"

/** What a client has to start. */
export interface Launch {
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** Never a secret: it ends up in a file. */
  readonly environment: Readonly<Record<string, string>>
}

/** A command line that writes the client's own configuration, or JSON for a file of the client's. */
type Form =
  | { readonly kind: "command"; readonly words: (launch: Launch) => ReadonlyArray<string> }
  | { readonly kind: "file"; readonly json: (launch: Launch) => object }

export interface ClientConfiguration {
  readonly title: string
  readonly form: Form
  /** Where it goes, as an order. */
  readonly where: string
  /** How one sees that it works. */
  readonly next: string
  /** How the server gets OPENCODE_SERVER_PASSWORD without its being written down here. */
  readonly password: string
}

const assignments = ({ environment }: Launch, flag: string): ReadonlyArray<string> =>
  Object.entries(environment).flatMap(([name, value]) => [flag, `${name}=${value}`])

const started = ({ args, command }: Launch): ReadonlyArray<string> => [command, ...args]

const unlessEmpty = (key: string, { environment }: Launch) =>
  Object.keys(environment).length === 0 ? {} : { [key]: environment }

const inherited = (client: string) =>
  `${client} hands its own environment on: start it where OPENCODE_SERVER_PASSWORD is set.`

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
        ...started(launch),
      ],
    },
    where: "Run this once, in any directory.",
    next: "`claude mcp list` then shows it as connected, and `claude mcp remove opencode-fleet -s user` undoes it.",
    password: inherited("Claude Code"),
  },
  codex: {
    title: "Codex",
    form: {
      kind: "command",
      words: (launch) => ["codex", "mcp", "add", server, ...assignments(launch, "--env"), "--", ...started(launch)],
    },
    where: "Run this once, in any directory.",
    next: "`codex mcp list` then names it, and `codex mcp remove opencode-fleet` undoes it.",
    password:
      'Codex hands on only what is listed: add env_vars = ["OPENCODE_SERVER_PASSWORD"] under [mcp_servers.opencode-fleet] in ~/.codex/config.toml, and start Codex where it is set.',
  },
  gemini: {
    title: "Gemini CLI",
    form: {
      kind: "command",
      words: (launch) => [
        "gemini",
        "mcp",
        "add",
        "-s",
        "user",
        ...assignments(launch, "-e"),
        server,
        ...started(launch),
      ],
    },
    where: "Run this once, in any directory.",
    next: "`gemini mcp list`, in a folder that Gemini CLI trusts, then shows it as connected, and `gemini mcp remove -s user opencode-fleet` undoes it.",
    password:
      'Gemini CLI withholds passwords: add "OPENCODE_SERVER_PASSWORD": "$OPENCODE_SERVER_PASSWORD" to the "env" of opencode-fleet in ~/.gemini/settings.json, word for word, and start Gemini CLI where it is set.',
  },
  opencode: {
    title: "opencode",
    form: {
      kind: "file",
      json: (launch) => ({
        mcp: {
          [server]: { type: "local", enabled: true, command: started(launch), ...unlessEmpty("environment", launch) },
        },
      }),
    },
    where: "Put this into opencode.json of a project, or into ~/.config/opencode/opencode.json for all of them.",
    next: "`opencode mcp list` then shows it as connected.",
    password: inherited("opencode"),
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
    where: "Put this into .vscode/mcp.json of a project, or into what `MCP: Open User Configuration` opens.",
    next: "`MCP: List Servers` then names it; start it there.",
    password:
      'Add "inputs": [{"type": "promptString", "id": "opencode-password", "description": "Password of opencode", "password": true}] beside "servers", and "OPENCODE_SERVER_PASSWORD": "${input:opencode-password}" to "env": VS Code asks once and keeps it safe.',
  },
  cursor: {
    title: "Cursor",
    form: {
      kind: "file",
      json: (launch) => ({
        mcpServers: { [server]: { command: launch.command, args: launch.args, ...unlessEmpty("env", launch) } },
      }),
    },
    where: "Put this into ~/.cursor/mcp.json, or into .cursor/mcp.json of a project.",
    next: "Cursor's settings then show it among the MCP servers.",
    password:
      'Add "OPENCODE_SERVER_PASSWORD": "${env:OPENCODE_SERVER_PASSWORD}" to "env", word for word, and start Cursor where it is set.',
  },
}
