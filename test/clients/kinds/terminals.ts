/** The terminal UIs that show a form to a person, who sees the command in it and allows it once. */
import { Effect, Schedule } from "effect"
import { find } from "../../support/requirements.ts"
import type { PseudoTerminal } from "../../support/PseudoTerminal.ts"
import type { ClientCase } from "../ClientCase.ts"
import { promptOf } from "../model/script.ts"
import type { Stage } from "../Stage.ts"
import { claudeKnown, claudeVariables, codexConfigured, codexOptions, copilotVariables } from "./vendors.ts"

/** A person's screen is not wide. */
const size = { columns: 100, rows: 40 }

/** The client's model has got the decision's outcome, and says so on a line of its own. */
const ended = /^[^a-z0-9"}]*END\s*$/imu

/** Claude Code says END when the call has become a task, and again when it was told of the task's outcome. */
const endedAsTask = /send_message\) completed[\s\S]*END\s*$/imu

/** Waits for what the form is about, and presses each key, or types each `=text`, once the screen shows what it is for. */
const fillIn = Effect.fnUntraced(function* (
  terminal: PseudoTerminal,
  about: RegExp,
  keys: ReadonlyArray<readonly [when: RegExp, key: string]>,
  end = ended,
) {
  yield* terminal.screenUntil(about)
  const enter = (key: string) => (key.startsWith("=") ? terminal.type(key.slice(1)) : terminal.press(key))
  for (const [when, key] of keys) {
    yield* terminal.screenUntil(when)
    yield* enter(key)
  }
  // Claude Code ignores a key that comes right after a change of its form.
  const again = Effect.flatMap(terminal.screen, (screen) =>
    keys.at(-1)?.[0].test(screen) === true ? enter(keys.at(-1)?.[1] ?? "") : Effect.void,
  )
  yield* Effect.raceFirst(terminal.screenUntil(end), Effect.repeat(again, Schedule.spaced("2 seconds")))
})

const command = (stage: Stage) => `run: ${stage.command}`
const aboutCommand = (stage: Stage) => new RegExp(`bash: ${stage.command}`, "u")

const openClaude = Effect.fnUntraced(function* (stage: Stage, prompt: string) {
  yield* claudeKnown(stage)
  yield* stage.configure("claude-code")
  const argv = ["claude", prompt, "--allowedTools", "mcp__opencode-fleet"] as const
  return yield* stage.terminal(argv, { ...size, env: claudeVariables(stage) })
})

const openCodex = Effect.fnUntraced(function* (stage: Stage, message: string) {
  yield* codexConfigured(stage)
  const argv = ["codex", "-s", "read-only", ...codexOptions, stage.promptTo(message)] as const
  return yield* stage.terminal(argv, { ...size, env: { OPENAI_API_KEY: "x" } })
})

const openCopilot = Effect.fnUntraced(function* (stage: Stage, message: string) {
  yield* stage.write(".copilot/config.json", { trusted_folders: [stage.project], trustedFolders: [stage.project] })
  yield* stage.configure("copilot")
  const argv = ["copilot", "-i", stage.promptTo(message), "--allow-all-tools"] as const
  return yield* stage.terminal(argv, { ...size, env: copilotVariables(stage) })
})

const claude = (stage: Stage) =>
  Effect.flatMap(openClaude(stage, stage.promptTo(command(stage))), (terminal) =>
    fillIn(
      terminal,
      aboutCommand(stage),
      [
        [/❯ \* Decision: ▸ not set/u, "Right"],
        [/once: only this time/u, "Enter"],
        [/❯ Accept/u, "Enter"],
      ],
      endedAsTask,
    ),
  )

/** The model goes on, and is told the outcome when it comes, over HTTP also if all connections break meanwhile. */
const claudeFollowsTask = (stage: Stage) =>
  Effect.flatMap(
    openClaude(stage, stage.http === undefined ? stage.promptTo("slow: 30") : promptOf([stage.http.cutCall])),
    (terminal) => terminal.screenUntil(endedAsTask),
  )

const codex = (stage: Stage) =>
  Effect.flatMap(openCodex(stage, command(stage)), (terminal) =>
    fillIn(terminal, aboutCommand(stage), [[/once: only this time/u, "Enter"]]),
  )

const copilot = (stage: Stage) =>
  Effect.flatMap(openCopilot(stage, command(stage)), (terminal) =>
    fillIn(terminal, aboutCommand(stage), [[/once: only this time/u, "Enter"]]),
  )

/** Copilot adds this choice to every list of choices, and sends back what is typed there. */
const other = (...before: ReadonlyArray<string>) =>
  [
    ...before.map((choice) => [new RegExp(`❯ ${choice}`, "u"), "Down"] as const),
    [/❯ Other \(type your answer below\)/u, "=Green"],
    [/❯ Green/u, "Enter"],
  ] as const

const copilotAnswersItself = (stage: Stage) =>
  Effect.flatMap(openCopilot(stage, "ask: Which colour? | Red | Blue"), (terminal) =>
    fillIn(terminal, /Question: Which colour\?/u, other("Red", "Blue", "another answer…")),
  )

const copilotDecidesNothing = (stage: Stage) =>
  Effect.flatMap(openCopilot(stage, command(stage)), (terminal) =>
    fillIn(terminal, aboutCommand(stage), other("once: only", "always: ", "reject: ")),
  )

/** Without lists, which Codex does not show, each option is a field of its own. */
const codexChooses = (stage: Stage) =>
  Effect.flatMap(openCodex(stage, "choose: Which colours? | Red | Green | Blue"), (terminal) =>
    fillIn(terminal, /Question: Which colours\?/u, [
      [/Field 1\/4/u, "Down"],
      [/Field 1\/4/u, "Enter"],
      [/Field 2\/4/u, "Enter"],
      [/Field 3\/4/u, "Down"],
      [/Field 3\/4/u, "Enter"],
      [/Field 4\/4/u, "Enter"],
    ]),
  )

/** None without tmux. */
export const terminals: ReadonlyArray<ClientCase> =
  find("tmux") === undefined
    ? []
    : [
        {
          name: "Claude Code, a task",
          package: "@anthropic-ai/claude-code",
          calls: ["send_message"],
          form: "none",
          run: claudeFollowsTask,
          outcome: "completed",
          says: /tick [38]0/u,
          cut: "resumed",
        },
        ...(
          [
            { name: "Claude Code in a terminal", package: "@anthropic-ai/claude-code", run: claude },
            { name: "Codex in a terminal", package: "@openai/codex", run: codex },
            { name: "Codex, several choices", package: "@openai/codex", run: codexChooses, says: /Red.{1,9}Blue/u },
            { name: "Copilot in a terminal", package: "@github/copilot", run: copilot },
            {
              name: "Copilot, own words",
              package: "@github/copilot",
              run: copilotAnswersItself,
              says: /answered.{1,9}Green/u,
            },
            {
              name: "Copilot, no choice",
              package: "@github/copilot",
              run: copilotDecidesNothing,
              outcome: "needs permission",
              says: /not taken: .{0,3}Green.{0,3} is none of once, always and reject/u,
            },
          ] satisfies ReadonlyArray<Omit<ClientCase, "calls" | "form">>
        ).map((each): ClientCase => ({ ...each, calls: ["send_message"], form: "accepted" })),
      ]
