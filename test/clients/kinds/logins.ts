/** Clients that log in by their own command, as a person tells them to, and call then. Over HTTP only. */
import { Effect } from "effect"
import { opencode1Binary } from "../../support/RealOpencode.ts"
import { find } from "../../support/requirements.ts"
import { type ClientCase, usualCalls } from "../ClientCase.ts"
import type { Stage } from "../Stage.ts"
import { claudeRuns, codex } from "./agents.ts"
import { configured, variables } from "./opencode.ts"
import { claudeKnown } from "./vendors.ts"

const server = "opencode-fleet"

/** `claude mcp login` needs a terminal. */
const claude = (stage: Stage) =>
  Effect.gen(function* () {
    yield* claudeKnown(stage)
    yield* stage.configure("claude-code")
    const terminal = yield* stage.terminal(["claude", "mcp", "login", server])
    yield* terminal.screenUntil(/Authenticated with/u)
    yield* claudeRuns(stage, stage.prompt)
  })

const opencode = (stage: Stage) =>
  Effect.gen(function* () {
    const env = variables(stage)
    yield* configured(stage, "all")
    yield* stage.run([opencode1Binary, "mcp", "auth", server], { env })
    yield* stage.run([opencode1Binary, "run"], { env, stdin: stage.prompt })
  })

/** They ask for no scope to decide, so they are shown no forms. */
const cases: ReadonlyArray<Pick<ClientCase, "name" | "package" | "run">> = [
  // `codex mcp add` logs in.
  { name: "Codex exec, logged in", package: "@openai/codex", run: codex },
  { name: "opencode run, logged in", run: opencode },
  ...(find("tmux") === undefined
    ? []
    : [{ name: "Claude Code -p, logged in", package: "@anthropic-ai/claude-code", run: claude }]),
]

export const logins = cases.map((each): ClientCase => ({ ...each, calls: usualCalls, form: "none", logsIn: true }))
