/** How a person logs in with each client. */
import type { Client } from "./clientConfigurations.ts"
import { server } from "./forms.ts"

const atTheNextStart = (program: string) =>
  `The next start of \`${program}\` in a terminal opens your browser to log in.`

const loginNotes: Partial<Readonly<Record<Client, string>>> = {
  "claude-code": `Then log in: \`claude mcp login ${server}\`, or /mcp in Claude Code.`,
  codex: `The command also opens your browser to log in; \`codex mcp login ${server}\` does it again.`,
  gemini: `Then log in, in Gemini CLI: /mcp auth ${server}`,
  copilot: atTheNextStart("copilot"),
  qwen: atTheNextStart("qwen"),
  opencode: `Then log in: \`opencode mcp auth ${server}\`.`,
  cline: "Then log in: `cline mcp`, Authorize OAuth.",
  continue: "`cn` cannot log in. It needs a token: leave --login out.",
}

/** Clients that were not tried are expected to ask when they are refused, as the specification of MCP wants it. */
export const loginNote = (client: Client, title: string): string =>
  loginNotes[client] ?? `${title} asks you to log in when it connects.`
