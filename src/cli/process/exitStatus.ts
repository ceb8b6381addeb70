/** The exit statuses of all commands but `connect`, whose status is that of its opencode. */
import { Runtime, Schema } from "effect"
import { CliError } from "effect/cli"
import { line } from "../../text/plainText.ts"

export const exitStatus = {
  /** Nothing could be done, or what was checked is not as it should be. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** The turn waits for a person's permission or answer. */
  waits: 3,
  /** The turn goes on; only our waiting has ended. */
  running: 4,
} as const

/** Ends a command with a status and one sentence on stderr. */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", {
  status: Schema.Int,
  reason: Schema.String,
}) {
  override get message() {
    return this.reason
  }
  override readonly [Runtime.errorReported] = false
  override get [Runtime.errorExitCode]() {
    return this.status
  }
  override get [CliError.userMessage]() {
    return this.reason
  }
}

/** Services name the tools that help; in a shell these are commands. */
const commands = {
  list_instances: "`opencode-fleet instances`",
  refresh_instances: "`opencode-fleet instances`",
  list_sessions: "`opencode-fleet sessions`",
} as const

/** A sentence, not a document. */
const longestReason = 2000

/** Whatever a service fails with says itself what to do next. It may quote what others have written. */
export const failedWith = ({ message }: { readonly message: string }) =>
  new CommandFailed({
    status: exitStatus.failed,
    reason: Object.entries(commands).reduce(
      (text, [tool, command]) => text.replaceAll(tool, command),
      line(message, longestReason),
    ),
  })
