/** Every environment variable that the program reads. */

interface Declaration {
  /** `server`: the MCP server reads it, so `config` passes it on. `machine`: it describes the user's account. */
  readonly use: "server" | "connect" | "notify" | "machine"
  /** Decides which placeholders it may contain, and what an error may show of it. */
  readonly content: "text" | "path" | "command" | "secret"
}

const declare = <Name extends string>(declarations: Readonly<Record<Name, Declaration>>) => declarations

/** A variable can only be read if it is listed here. */
export const variables = declare({
  TRANSPORT: { use: "server", content: "text" },
  LOCAL_PORTS: { use: "server", content: "text" },
  SSH_HOSTS: { use: "server", content: "text" },
  MDNS_ALLOW: { use: "server", content: "text" },
  TAILSCALE_PORTS: { use: "server", content: "text" },
  TAILSCALE_TAG: { use: "server", content: "text" },
  RELAY_REGISTRY_DIR: { use: "server", content: "path" },
  DATABASE_URL: { use: "server", content: "secret" },
  DATABASE_ALLOW: { use: "server", content: "text" },
  DISCOVERY_INTERVAL_MS: { use: "server", content: "text" },
  HEALTH_CHECK_TIMEOUT_MS: { use: "server", content: "text" },
  SEND_TIMEOUT_MS: { use: "server", content: "text" },
  MAX_ANSWER_CHARS: { use: "server", content: "text" },
  OPENCODE_SERVER_USERNAME: { use: "server", content: "text" },
  OPENCODE_SERVER_PASSWORD: { use: "server", content: "secret" },
  LOG_LEVEL: { use: "server", content: "text" },
  // A URL can contain a password.
  OTEL_EXPORTER_OTLP_ENDPOINT: { use: "server", content: "secret" },
  XDG_DATA_HOME: { use: "server", content: "path" },
  XDG_STATE_HOME: { use: "server", content: "path" },
  INSTANCE_NAME: { use: "connect", content: "text" },
  RELAY_SSH_CMD: { use: "connect", content: "command" },
  RELAY_REMOTE_DIR: { use: "connect", content: "path" },
  WEBHOOK_SECRET: { use: "notify", content: "secret" },
  NTFY_TOKEN: { use: "notify", content: "secret" },
  XDG_CONFIG_HOME: { use: "machine", content: "path" },
  HOME: { use: "machine", content: "path" },
  USERPROFILE: { use: "machine", content: "path" },
})

export type Variable = keyof typeof variables
