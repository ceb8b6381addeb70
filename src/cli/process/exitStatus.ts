/** The exit statuses of every command except `connect`, which exits with opencode's status. */
import { Console, Effect, PlatformError, Runtime, Schema } from "effect"
import { CliError } from "effect/cli"
import { fileFailure } from "../../machine/fileError.ts"
import { line } from "../../text/plainText.ts"
import type { ToolError } from "../../tools/shared/errorText.ts"
import { errorText } from "./errorText.ts"

export const exitStatus = {
  /** The command failed, or a check found a problem. */
  failed: 1,
  /** Usage error. */
  usage: 2,
  /** The turn waits for a person's permission or answer, or the session's running turn does. */
  waits: 3,
  /** The turn is still running; the command stopped following it. */
  running: 4,
  /** The instance that was followed is gone. */
  gone: 5,
} as const

/** Ends a command with a status and one line on stderr. */
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

/** Ends a command with the status of an outcome that the person has chosen and been told about, which is no error. */
export class ChosenOutcome extends Schema.TaggedError<ChosenOutcome>()("ChosenOutcome", { status: Schema.Int }) {
  override readonly [Runtime.errorReported] = false
  override get [Runtime.errorExitCode]() {
    return this.status
  }
}

/** Ends a command because the person chose so: says what that means. */
export const endedByChoice = (text: string, status: number) =>
  Effect.andThen(Console.error(text), Effect.fail(new ChosenOutcome({ status })))

/** The maximum length of a reason, in characters. */
const longestReason = 2000

/** The reason may quote text from outside, so it becomes one printable line. */
export const failedBecause = (reason: string, status: number = exitStatus.failed) =>
  new CommandFailed({ status, reason: line(reason, longestReason) })

/** For errors whose `message` is complete for a terminal. A file operation's is not, so its reason is put into words. */
export const failedWith = (error: PlatformError.PlatformError | { readonly message: string }) =>
  failedBecause(error instanceof PlatformError.PlatformError ? fileFailure(error) : error.message)

/** The exit status for an error of a tool's handler. */
export const statusOfError = (error: ToolError) =>
  error._tag === "SessionBusy" && error.waitingFor !== undefined ? exitStatus.waits : exitStatus.failed

/** For errors of the tools' handlers. */
export const failedWithToolError = (error: ToolError, named?: Readonly<Record<string, string>>) =>
  failedBecause(errorText(error, named), statusOfError(error))
