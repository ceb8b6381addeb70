/** The forms in which MCP clients are told of a server. */

/** The name of the server in every client. */
export const server = "opencode-fleet"

/** The command that the client starts. */
export interface Launch {
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** Without secrets, because it is stored in a file. */
  readonly environment: Readonly<Record<string, string>>
}

/** A command that writes the client's configuration, or JSON or YAML for a file of the client. */
export type Form<Server = Launch> =
  | { readonly kind: "command"; readonly words: (server: Server) => ReadonlyArray<string> }
  | { readonly kind: "file"; readonly json: (server: Server) => object }
  | { readonly kind: "yaml"; readonly yaml: (server: Server) => string }

export const assignments = ({ environment }: Launch, flag: string): ReadonlyArray<string> =>
  Object.entries(environment).flatMap(([name, value]) => [flag, `${name}=${value}`])

export const commandLine = ({ args, command }: Launch): ReadonlyArray<string> => [command, ...args]

export const unlessEmpty = (key: string, { environment }: Launch) =>
  Object.keys(environment).length === 0 ? {} : { [key]: environment }

/** The shape that most clients share. */
export const mcpServers = (launch: Launch) => ({
  mcpServers: { [server]: { command: launch.command, args: launch.args, ...unlessEmpty("env", launch) } },
})

/** A string of JSON is one of YAML, too. */
export const yamlServer = ({ args, command, environment }: Launch) =>
  [
    "mcpServers:",
    `  - name: ${server}`,
    `    command: ${JSON.stringify(command)}`,
    `    args: ${JSON.stringify(args)}`,
    ...(Object.keys(environment).length === 0 ? [] : [`    env: ${JSON.stringify(environment)}`]),
  ].join("\n")

/** opencode runs tools without asking, unless it is told to ask. */
export const askFirst = Object.fromEntries(
  ["respond_permission", "answer_question"].map((tool) => [`${server}_${tool}`, "ask"]),
)
