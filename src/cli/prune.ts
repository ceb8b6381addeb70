/** `opencode-fleet prune` */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { CommandFailed, exitStatus } from "./exitStatus.ts"

export const prune = Command.make("prune", {}, () =>
  Effect.fail(new CommandFailed({ status: exitStatus.failed, reason: "prune: not there yet" })),
)
