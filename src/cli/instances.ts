/** `opencode-fleet instances` */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { CommandFailed, exitStatus } from "./exitStatus.ts"

export const instances = Command.make("instances", {}, () =>
  Effect.fail(new CommandFailed({ status: exitStatus.failed, reason: "instances: not there yet" })),
)
