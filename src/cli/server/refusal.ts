/** Answers every call with the error of an invalid setting, so that the model can tell its person. */
import type { Backend } from "../../mcp/toolServers.ts"
import type { SettingsError } from "../../Settings.ts"

export const refusal = ({ message, variable }: SettingsError): Backend => {
  const text = `opencode-fleet cannot work with its settings. ${message}. Ask your human to correct or remove the environment variable ${variable} where this MCP server is configured, and to restart it.`
  return {
    call: () => Promise.resolve({ isError: true, content: [{ type: "text", text }] }),
    initialized: () => {},
    unusable: () => {},
    failed: () => {},
    end: () => {},
  }
}
