/** `opencode-fleet doctor` */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { CommandFailed, exitStatus } from "./exitStatus.ts"

export const doctor = Command.make("doctor", {}, () =>
  Effect.fail(new CommandFailed({ status: exitStatus.failed, reason: "doctor: not there yet" })),
)
