/** What the help of the program says besides its commands and flags. */
import type { MoreHelpSection } from "./MoreHelp.ts"

export const rootDescription = `Finds every opencode instance you run, and lets you and any MCP client work with its agents.

Start with \`opencode-fleet instances\`, which shows what is found. \`opencode-fleet config CLIENT\` adds opencode-fleet to an MCP client. If something is missing, \`opencode-fleet doctor\` says why. Without a command, opencode-fleet is the MCP server.`

export const rootExamples = [
  { command: "opencode-fleet instances", description: "Show every instance" },
  { command: 'opencode-fleet send my-project new "Fix the failing test"', description: "Give an agent work" },
  { command: "opencode-fleet help send", description: "Explain a command" },
]

export const environment: MoreHelpSection = {
  title: "ENVIRONMENT",
  rows: [
    ["OPENCODE_SERVER_PASSWORD", "Password of the instances, as they were started with"],
    ["TRANSPORT", "How instances are found: local-relay, service, local-ports, ssh, tailscale, mdns"],
    ["SSH_HOSTS", "Hosts on which instances are found over ssh, such as box,me@build"],
    ["RELAY_REGISTRY_DIR", "The directory in which instances are registered"],
    ["RELAY_SSH_CMD", 'connect: opens a shell on the relay, such as "ssh me@relay"'],
    ["SEND_TIMEOUT_MS", "How long send follows a turn (default 280000)"],
    ["LOG_LEVEL", "debug, info, warn or error (default info); logs go to stderr"],
    ["NO_COLOR", "Set it to switch colours off"],
  ],
}
