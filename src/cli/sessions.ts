/** `opencode-fleet sessions` */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { CommandFailed, exitStatus } from "./exitStatus.ts"

export const sessions = Command.make("sessions", {}, () =>
  Effect.fail(new CommandFailed({ status: exitStatus.failed, reason: "sessions: not there yet" })),
)
