/** `opencode-fleet config` */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { CommandFailed, exitStatus } from "./exitStatus.ts"

export const config = Command.make("config", {}, () =>
  Effect.fail(new CommandFailed({ status: exitStatus.failed, reason: "config: not there yet" })),
)
