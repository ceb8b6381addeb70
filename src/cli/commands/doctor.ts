/** `opencode-fleet doctor`: checks the setup and says how to fix each problem. */
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { bareFlag } from "../arguments/bareFlag.ts"
import type { Finding } from "../doctor/doctor.ts"
import { CommandFailed, exitStatus } from "../process/exitStatus.ts"
import { type Mark, marks, widest } from "../terminal/marks.ts"
import { toJson } from "../terminal/terminal.ts"

const countText = (count: number, mark: Mark) => `${count} ${mark}${count === 1 || mark === "ok" ? "" : "s"}`

const print = Effect.fnUntraced(function* (findings: ReadonlyArray<Finding>, counts: string) {
  const mark = yield* marks
  for (const { advice, check, message, state } of findings) {
    yield* Console.log(`${mark(state)}  ${check}: ${message}`)
    if (advice !== undefined) yield* Console.log(`${" ".repeat(widest)}  → ${advice}`)
  }
  yield* Console.log(`\n${counts}`)
})

const run = Effect.fn(function* ({ json }: { json: boolean }) {
  // Loaded on demand, because it would make every other command start later.
  const { diagnose } = yield* Effect.promise(() => import("../doctor/doctor.ts"))
  const findings = yield* diagnose
  const count = (mark: Mark) => findings.filter(({ state }) => state === mark).length
  const problems = count("problem")
  const ok = problems === 0
  const counts = (["problem", "warning", "ok"] as const).map((mark) => countText(count(mark), mark)).join(", ")
  if (json) yield* Console.log(toJson({ findings, ok }))
  else yield* print(findings, counts)
  if (!ok) {
    return yield* new CommandFailed({
      status: exitStatus.failed,
      reason: `doctor found ${countText(problems, "problem")}.`,
    })
  }
})

export const doctor = Command.make(
  "doctor",
  {
    json: bareFlag("json").pipe(
      Flag.withDescription(
        "Print JSON: {findings: [{check, state, message, advice?}], ok}; state is ok, warning or problem",
      ),
    ),
  },
  run,
).pipe(
  Command.withShortDescription("Check the setup and say how to fix problems"),
  Command.withDescription(
    `Checks Node, the settings, opencode, its database and the service of opencode 2, the transports, the database of DATABASE_URL, the relay directory and its permissions, each registration and instance, and every connect with its relay. It says how to fix each problem, and changes nothing.

Exit status: 0 if there is no problem, even with warnings; 1 if there is a problem; 2 for a usage error.`,
  ),
  Command.withExamples([
    { command: "opencode-fleet doctor", description: "Check everything" },
    {
      command: "opencode-fleet doctor --json | jq '.findings[] | select(.state == \"problem\")'",
      description: "Print only the problems, in a script",
    },
  ]),
)
