/**
 * How each MCP client is told of a server over HTTP. Where a client can read the token itself, from a file or from a variable,
 * its configuration does not contain it: the configuration may be printed, copied and shared. None of these forms puts it into
 * the arguments of a command, which other users of the machine can see.
 */
import { Redacted } from "effect"
import type { Client } from "./clientConfigurations.ts"
import { tokenVariable } from "./endpointUrl.ts"
import { askFirst, type Form, server } from "./forms.ts"

/** Where the client gets its token. */
export type TokenSource =
  /** From a file of this user. */
  | {
      readonly kind: "file"
      readonly file: string
      readonly token: Redacted.Redacted
      /** Whether the file holds nothing but the token: no name, no scopes, no further line. */
      readonly isAlone: boolean
    }
  /** From the variable `OPENCODE_FLEET_TOKEN`. */
  | { readonly kind: "variable" }
  /** Its user logs in at the server's issuer. */
  | { readonly kind: "login" }

export interface Remote {
  readonly url: string
  readonly source: TokenSource
}

interface HttpConfiguration {
  readonly form: Form<Remote>
  /** Whether the configuration refers to the variable. */
  readonly usesVariable: (source: TokenSource) => boolean
  /** Whether the configuration contains the token of a file. */
  readonly containsToken?: boolean
}

const isLogin = ({ source }: Remote) => source.kind === "login"

/** The header with a reference that the client resolves. */
const header = (remote: Remote, reference: string) => (isLogin(remote) ? undefined : `Bearer ${reference}`)

const headers = (remote: Remote, reference: string) =>
  isLogin(remote) ? {} : { headers: { Authorization: `Bearer ${reference}` } }

const headerFlag = (flag: string, remote: Remote, reference: string): ReadonlyArray<string> => {
  const value = header(remote, reference)
  return value === undefined ? [] : [flag, `Authorization: ${value}`]
}

/** The token itself, for clients that resolve nothing. */
const literal = ({ source }: Remote) => (source.kind === "file" ? Redacted.value(source.token) : "TOKEN")

const shellQuoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** On Windows no such command can be relied on. */
const hasShell = process.platform !== "win32"

type TokenFile = Extract<TokenSource, { kind: "file" }>

/** A command that prints the file's first token. */
export const printsToken = ({ file, isAlone }: TokenFile) => {
  const quoted = /^[\w./-]+$/u.test(file) ? file : shellQuoted(file)
  return isAlone ? `cat ${quoted}` : `awk '/^[ \\t]*[^# \\t]/{print $1; exit}' ${quoted}`
}

/** A command that prints the header as JSON. */
const printsHeader = (source: TokenFile) => `printf '{"Authorization":"Bearer %s"}' "$(${printsToken(source)})"`

/** opencode takes the whole file. */
const opencodeReads = (source: TokenSource): source is TokenFile => source.kind === "file" && source.isAlone

const always = ({ kind }: TokenSource) => kind !== "login"
const never = () => false

/** Qwen Code has the commands of Gemini CLI, from which it was made. */
const addForUser = (program: string): HttpConfiguration => ({
  form: {
    kind: "command",
    words: (remote) => [
      program,
      "mcp",
      "add",
      "-s",
      "user",
      "-t",
      "http",
      // `-H` takes any number of values, so the positional arguments come first.
      server,
      remote.url,
      ...headerFlag("-H", remote, `$${tokenVariable}`),
    ],
  },
  usesVariable: always,
})

const inputId = "opencode-fleet-token"

export const httpConfigurations: Readonly<Record<Client, HttpConfiguration>> = {
  "claude-code": {
    form: {
      kind: "command",
      words: (remote) =>
        remote.source.kind === "file" && hasShell
          ? [
              "claude",
              "mcp",
              "add-json",
              "-s",
              "user",
              server,
              JSON.stringify({ type: "http", url: remote.url, headersHelper: printsHeader(remote.source) }),
            ]
          : [
              "claude",
              "mcp",
              "add",
              server,
              "-s",
              "user",
              "--transport",
              "http",
              remote.url,
              ...headerFlag("--header", remote, `\${${tokenVariable}}`),
            ],
    },
    usesVariable: ({ kind }) => kind === "variable" || (kind === "file" && !hasShell),
  },
  codex: {
    form: {
      kind: "command",
      words: (remote) => [
        "codex",
        "mcp",
        "add",
        server,
        "--url",
        remote.url,
        ...(isLogin(remote) ? [] : ["--bearer-token-env-var", tokenVariable]),
      ],
    },
    usesVariable: always,
  },
  gemini: addForUser("gemini"),
  copilot: {
    form: {
      kind: "command",
      words: (remote) => [
        "copilot",
        "mcp",
        "add",
        "--transport",
        "http",
        ...headerFlag("--header", remote, `\${${tokenVariable}}`),
        server,
        remote.url,
      ],
    },
    usesVariable: always,
  },
  qwen: addForUser("qwen"),
  opencode: {
    form: {
      kind: "file",
      json: (remote) => ({
        mcp: {
          [server]: {
            type: "remote",
            enabled: true,
            url: remote.url,
            ...(isLogin(remote) ? {} : { oauth: false }),
            ...headers(
              remote,
              opencodeReads(remote.source) ? `{file:${remote.source.file}}` : `{env:${tokenVariable}}`,
            ),
          },
        },
        permission: askFirst,
      }),
    },
    usesVariable: (source) => source.kind !== "login" && !opencodeReads(source),
  },
  vscode: {
    form: {
      kind: "file",
      json: (remote) => ({
        servers: { [server]: { type: "http", url: remote.url, ...headers(remote, `\${input:${inputId}}`) } },
        ...(isLogin(remote)
          ? {}
          : { inputs: [{ type: "promptString", id: inputId, description: `Token of ${server}`, password: true }] }),
      }),
    },
    usesVariable: never,
  },
  cursor: {
    form: {
      kind: "file",
      json: (remote) => ({
        mcpServers: { [server]: { url: remote.url, ...headers(remote, `\${env:${tokenVariable}}`) } },
      }),
    },
    usesVariable: always,
  },
  cline: {
    form: {
      kind: "file",
      json: (remote) => ({
        mcpServers: {
          [server]: { transport: { type: "streamableHttp", url: remote.url, ...headers(remote, literal(remote)) } },
        },
      }),
    },
    usesVariable: never,
    containsToken: true,
  },
  continue: {
    form: {
      kind: "yaml",
      yaml: (remote) =>
        [
          "mcpServers:",
          `  - name: ${server}`,
          "    type: streamable-http",
          `    url: ${JSON.stringify(remote.url)}`,
          ...(isLogin(remote)
            ? []
            : [
                "    requestOptions:",
                "      headers:",
                `        Authorization: "Bearer \${{ secrets.${tokenVariable} }}"`,
              ]),
        ].join("\n"),
    },
    usesVariable: always,
  },
  json: {
    form: {
      kind: "file",
      json: (remote) => ({
        mcpServers: { [server]: { type: "http", url: remote.url, ...headers(remote, literal(remote)) } },
      }),
    },
    usesVariable: never,
    containsToken: true,
  },
}
