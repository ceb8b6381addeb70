/** All clients, and the versions that are known to work. */
import type { ClientCase } from "./ClientCase.ts"
import { agents } from "./kinds/agents.ts"
import { logins } from "./kinds/logins.ts"
import { opencodeClients } from "./kinds/opencode.ts"
import { sdkClients } from "./kinds/sdk.ts"
import { terminals } from "./kinds/terminals.ts"
import { developerTools } from "./kinds/tools.ts"

export const clients: ReadonlyArray<ClientCase> = [
  ...sdkClients,
  ...developerTools,
  ...opencodeClients,
  ...agents,
  ...terminals,
  ...logins,
]

export const versions: Readonly<Record<string, string>> = {
  "@anthropic-ai/claude-code": "2.1.330",
  "@apify/mcpc": "0.2.6",
  "@continuedev/cli": "1.5.47",
  "@github/copilot": "1.0.102",
  "@google/gemini-cli": "0.61.0",
  "@modelcontextprotocol/inspector": "2.12.0",
  "@openai/codex": "0.169.0",
  "@qwen-code/qwen-code": "0.24.4",
  cline: "3.0.65",
  mcporter: "0.12.3",
}
