/** Coding agents that run one prompt without a person. Those that announce forms decline or close each by themselves. */
import { Effect } from "effect"
import { type ClientCase, usualCalls } from "../ClientCase.ts"
import { promptOf } from "../model/script.ts"
import type { Stage } from "../Stage.ts"
import { claudeVariables, codexConfigured, codexOptions, copilotVariables } from "./vendors.ts"

/** Its configuration is known already. */
export const claudeRuns = (stage: Stage, prompt: string) =>
  stage.run(["claude", "-p", prompt, "--allowedTools", "mcp__opencode-fleet"], { env: claudeVariables(stage) })

const claudeTold = (stage: Stage, prompt: string) =>
  Effect.andThen(stage.configure("claude-code"), claudeRuns(stage, prompt))

const claude = (stage: Stage) => claudeTold(stage, stage.prompt)

/** Two agents at work: one needs a permission soon, the other ends later. */
const claudeWaits = (stage: Stage) =>
  Effect.gen(function* () {
    const instance = "main"
    const sessions = [
      { instance, session_id: stage.session },
      { instance, session_id: yield* stage.fleet.newSession },
    ]
    const messages = [`run: ${stage.command}`, "slow: 40"]
    const prompt = promptOf([
      ...sessions.map((place, index) => ({
        tool: "send_message",
        input: { ...place, message: messages[index], async: true },
      })),
      { tool: "wait_for_sessions", input: { sessions, until: "any" } },
      { tool: "wait_for_sessions", input: { sessions } },
    ])
    yield* claudeTold(stage, prompt)
  })

export const codex = (stage: Stage) =>
  Effect.gen(function* () {
    yield* codexConfigured(stage)
    const options = ["--skip-git-repo-check", "-s", "read-only", ...codexOptions]
    yield* stage.run(["codex", "exec", ...options, stage.prompt], { env: { OPENAI_API_KEY: "x" } })
  })

const copilot = (stage: Stage) =>
  Effect.andThen(
    stage.configure("copilot"),
    stage.run(["copilot", "-p", stage.prompt, "--allow-all-tools"], { env: copilotVariables(stage) }),
  )

const qwenVariables = ({ model }: Stage) => ({
  OPENAI_API_KEY: "x",
  OPENAI_BASE_URL: `${model.url}/v1`,
  OPENAI_MODEL: "scripted",
})

const qwen = (stage: Stage) =>
  Effect.andThen(
    stage.configure("qwen"),
    stage.run(["qwen", "--auth-type", "openai", "--approval-mode", "yolo", "-p", stage.prompt], {
      env: qwenVariables(stage),
    }),
  )

/** Gemini CLI connects only in a folder that it trusts. */
const geminiConfigured = (stage: Stage) =>
  Effect.andThen(
    Effect.andThen(
      stage.write(".gemini/trustedFolders.json", { [stage.project]: "TRUST_FOLDER" }),
      stage.write(".gemini/settings.json", { security: { auth: { selectedType: "gemini-api-key" } } }),
    ),
    stage.configure("gemini"),
  )

const geminiList = (stage: Stage) => Effect.andThen(geminiConfigured(stage), stage.run(["gemini", "mcp", "list"]))

const gemini = (stage: Stage) =>
  Effect.andThen(
    geminiConfigured(stage),
    stage.run(["gemini", "--approval-mode", "yolo", "-m", "gemini-2.5-flash", "-p", stage.prompt], {
      env: { GEMINI_API_KEY: "x", GOOGLE_GEMINI_BASE_URL: stage.model.url },
    }),
  )

const cline = (stage: Stage) =>
  Effect.gen(function* () {
    yield* stage.write(".cline/data/settings/cline_mcp_settings.json", yield* stage.config("cline"))
    const url = `${stage.model.url}/v1`
    yield* stage.run(["cline", "auth", "-p", "openai-compatible", "-k", "x", "-m", "scripted", "-b", url])
    yield* stage.run(["cline", "-t", "60", "-P", "openai-compatible", "-m", "scripted", stage.prompt])
  })

const continueModels = (url: string) => `name: test
version: 1.0.0
schema: v1
models:
  - name: scripted
    provider: openai
    model: scripted
    apiBase: ${url}/v1
    apiKey: x
    capabilities: [tool_use]
`

const cn = (stage: Stage) =>
  Effect.gen(function* () {
    const ours = yield* stage.config("continue")
    const file = yield* stage.write(".continue/config.yaml", `${continueModels(stage.model.url)}${ours}`)
    yield* stage.run(["cn", "--config", file, "--auto", "-p", stage.prompt])
  })

export const agents: ReadonlyArray<ClientCase> = [
  {
    name: "Claude Code mcp list",
    package: "@anthropic-ai/claude-code",
    calls: [],
    form: "none",
    run: (stage) => Effect.andThen(stage.configure("claude-code"), stage.run(["claude", "mcp", "list"])),
  },
  {
    name: "Claude Code -p",
    package: "@anthropic-ai/claude-code",
    calls: usualCalls,
    form: "declined",
    run: claude,
  },
  {
    name: "Claude Code -p, two sessions",
    package: "@anthropic-ai/claude-code",
    calls: ["wait_for_sessions"],
    form: "none",
    says: /needs permission[^]*completed/u,
    run: claudeWaits,
  },
  { name: "Codex exec", package: "@openai/codex", calls: usualCalls, form: "declined", run: codex },
  { name: "Copilot -p", package: "@github/copilot", calls: usualCalls, form: "declined", run: copilot },
  {
    name: "Gemini mcp list",
    package: "@google/gemini-cli",
    calls: [],
    listsTools: false,
    form: "none",
    run: geminiList,
  },
  { name: "Gemini -p", package: "@google/gemini-cli", calls: usualCalls, form: "none", run: gemini },
  { name: "Qwen -p", package: "@qwen-code/qwen-code", calls: usualCalls, form: "none", run: qwen },
  { name: "Cline", package: "cline", calls: usualCalls, form: "none", cutsAnswers: true, run: cline },
  { name: "Continue -p", package: "@continuedev/cli", calls: usualCalls, form: "none", run: cn },
]
