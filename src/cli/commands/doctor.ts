/** `opencode-fleet doctor`: is all as it should be, and if not, what to do. */
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { diagnose, type Finding } from "../doctor/doctor.ts"
import { CommandFailed, exitStatus } from "../process/exitStatus.ts"
import { type Mark, marks, widest } from "../terminal/marks.ts"
import { toJson } from "../terminal/terminal.ts"

const counted = (count: number, mark: Mark) => `${count} ${mark}${count === 1 || mark === "ok" ? "" : "s"}`

const print = Effect.fnUntraced(function* (findings: ReadonlyArray<Finding>, counts: string) {
  const mark = yield* marks
  for (const { advice, check, message, state } of findings) {
    yield* Console.log(`${mark(state)}  ${check}: ${message}`)
    if (advice !== undefined) yield* Console.log(`${" ".repeat(widest)}  → ${advice}`)
  }
  yield* Console.log(`\n${counts}`)
})

const run = Effect.fn(function* ({ json }: { json: boolean }) {
  const findings = yield* diagnose
  const count = (mark: Mark) => findings.filter(({ state }) => state === mark).length
  const ok = count("problem") === 0
  const counts = (["problem", "warning", "ok"] as const).map((mark) => counted(count(mark), mark)).join(", ")
  if (json) yield* Console.log(toJson({ findings, ok }))
  else yield* print(findings, counts)
  if (!ok) {
    return yield* new CommandFailed({ status: exitStatus.failed, reason: "Not all is as it should be." })
  }
})

export const doctor = Command.make(
  "doctor",
  {
    json: Flag.Boolean("json").pipe(
      Flag.withDescription(
        "Print {findings: [{check, state, message, advice?}], ok}; a state is ok, warning or problem",
      ),
      Flag.withDefault(false),
    ),
  },
  run,
).pipe(
  Command.withShortDescription("Check that all is as it should be"),
  Command.withDescription(
    `Looks at Node, the settings, opencode, the transports, the relay directory and who may write there, each registration and instance, and every connect with its relay, and says of each finding what to do. It changes nothing.

Exit status: 0, with or without warnings; 1 if there is a problem; 2 if the command line makes no sense.`,
  ),
  Command.withExamples([
    { command: "opencode-fleet doctor", description: "See what there is to do" },
    {
      command: "opencode-fleet doctor --json | jq '.findings[] | select(.state == \"problem\")'",
      description: "For a script",
    },
  ]),
)
