/** `opencode-fleet send` */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { CommandFailed, exitStatus } from "./exitStatus.ts"

export const send = Command.make("send", {}, () =>
  Effect.fail(new CommandFailed({ status: exitStatus.failed, reason: "send: not there yet" })),
)
