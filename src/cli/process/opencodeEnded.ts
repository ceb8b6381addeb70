/** opencode has ended with this exit status, which becomes the exit status of this program. */
import { Runtime, Schema } from "effect"

export class OpencodeEnded extends Schema.TaggedError<OpencodeEnded>()("OpencodeEnded", { status: Schema.Int }) {
  override readonly [Runtime.errorReported] = false
  override get [Runtime.errorExitCode]() {
    return this.status
  }
}
