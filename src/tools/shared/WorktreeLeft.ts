/** A worktree was created, and then its session was not. */
import { Schema } from "effect"
import { quote } from "../../text/plainText.ts"
import { ClientError } from "../../opencode/errors.ts"

export class WorktreeLeft extends Schema.TaggedError<WorktreeLeft>()("WorktreeLeft", {
  instance: Schema.String,
  worktree: Schema.String,
  cause: ClientError,
}) {
  override get message() {
    return `${this.cause.message} The worktree ${quote(this.worktree)} was created before and is left there, without a session.`
  }
}
