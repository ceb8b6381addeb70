/** The terminal UIs that show a form to a person, who sees the command in it and allows it once. */
import { Effect, Schedule } from "effect"
import { find } from "../../support/requirements.ts"
import type { PseudoTerminal } from "../../support/PseudoTerminal.ts"
import type { ClientCase } from "../ClientCase.ts"
import type { Stage } from "../Stage.ts"
import { claudeKnown, claudeVariables, codexConfigured, codexOptions, copilotVariables } from "./vendors.ts"

/** A person's screen is not wide. */
const size = { columns: 100, rows: 40 }

/** The client's model has got the decision's outcome, and says so on a line of its own. */
const ended = /^[^a-z0-9"}]*END\s*$/imu

/** Waits for the form with the command, and presses each key once the screen shows what it is for. */
const allow = Effect.fnUntraced(function* (
  stage: Stage,
  terminal: PseudoTerminal,
  keys: ReadonlyArray<readonly [when: RegExp, key: string]>,
) {
  yield* terminal.screenUntil(new RegExp(`bash: ${stage.command}`, "u"))
  for (const [when, key] of keys) {
    yield* terminal.screenUntil(when)
    yield* terminal.press(key)
  }
  // Claude Code ignores a key that comes right after a change of its form.
  const again = Effect.flatMap(terminal.screen, (screen) =>
    keys.at(-1)?.[0].test(screen) === true ? terminal.press(keys.at(-1)?.[1] ?? "") : Effect.void,
  )
  yield* Effect.raceFirst(terminal.screenUntil(ended), Effect.repeat(again, Schedule.spaced("2 seconds")))
})

const claude = (stage: Stage) =>
  Effect.gen(function* () {
    yield* claudeKnown(stage)
    yield* stage.configure("claude-code")
    const argv = ["claude", stage.sendPrompt, "--allowedTools", "mcp__opencode-fleet"] as const
    const terminal = yield* stage.terminal(argv, { ...size, env: claudeVariables(stage) })
    yield* allow(stage, terminal, [
      [/❯ \* Decision: ▸ not set/u, "Right"],
      [/once: only this time/u, "Enter"],
      [/❯ Accept/u, "Enter"],
    ])
  })

const codex = (stage: Stage) =>
  Effect.gen(function* () {
    yield* codexConfigured(stage)
    const argv = ["codex", "-s", "read-only", ...codexOptions, stage.sendPrompt] as const
    const terminal = yield* stage.terminal(argv, { ...size, env: { OPENAI_API_KEY: "x" } })
    yield* allow(stage, terminal, [[/once: only this time/u, "Enter"]])
  })

const copilot = (stage: Stage) =>
  Effect.gen(function* () {
    yield* stage.write(".copilot/config.json", { trusted_folders: [stage.project], trustedFolders: [stage.project] })
    yield* stage.configure("copilot")
    const argv = ["copilot", "-i", stage.sendPrompt, "--allow-all-tools"] as const
    const terminal = yield* stage.terminal(argv, { ...size, env: copilotVariables(stage) })
    yield* allow(stage, terminal, [[/once: only this time/u, "Enter"]])
  })

/** None without tmux. */
export const terminals: ReadonlyArray<ClientCase> =
  find("tmux") === undefined
    ? []
    : [
        { name: "Claude Code in a terminal", package: "@anthropic-ai/claude-code", run: claude },
        { name: "Codex in a terminal", package: "@openai/codex", run: codex },
        { name: "Copilot in a terminal", package: "@github/copilot", run: copilot },
      ].map((each) => ({ ...each, calls: ["send_message"], form: "accepted" }))
