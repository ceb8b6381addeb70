/** `opencode-fleet connect` */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { CommandFailed, exitStatus } from "./exitStatus.ts"

export const connect = Command.make("connect", {}, () =>
  Effect.fail(new CommandFailed({ status: exitStatus.failed, reason: "connect: not there yet" })),
)
