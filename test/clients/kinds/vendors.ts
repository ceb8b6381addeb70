/** How the clients of three vendors are told of the stand-in for their model, and spared their first questions. */
import { Effect } from "effect"
import type { Stage } from "../Stage.ts"

/** Claude Code remembers keys by their last 20 characters. */
const anthropicKey = "sk-ant-scripted-stand-in-key"

export const claudeVariables = ({ model }: Stage) => ({
  ANTHROPIC_API_KEY: anthropicKey,
  ANTHROPIC_BASE_URL: model.url,
  ANTHROPIC_MODEL: "claude-sonnet-4-5",
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  DISABLE_AUTOUPDATER: "1",
})

/** What a person has answered at the first start: theme, key, trust. `configure` must come after it. */
export const claudeKnown = (stage: Stage) =>
  stage.write(".claude.json", {
    hasCompletedOnboarding: true,
    theme: "dark",
    customApiKeyResponses: { approved: [anthropicKey.slice(-20)], rejected: [] },
    projects: { [stage.project]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
  })

const codexConfig = ({ model, project }: Stage) => `model = "scripted"
model_provider = "local"
check_for_update_on_startup = false
[model_providers.local]
name = "local"
base_url = "${model.url}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
[projects."${project}"]
trust_level = "trusted"
`

export const codexConfigured = (stage: Stage) =>
  Effect.andThen(stage.write(".codex/config.toml", codexConfig(stage)), stage.configure("codex"))

/** Codex does not ask before it calls a tool of ours. */
export const codexOptions = ["-c", 'mcp_servers.opencode-fleet.default_tools_approval_mode="approve"']

export const copilotVariables = ({ model }: Stage) => ({
  COPILOT_OFFLINE: "true",
  COPILOT_PROVIDER_BASE_URL: `${model.url}/v1`,
  COPILOT_MODEL: "scripted",
})
