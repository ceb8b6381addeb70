/** A way to tell a person: a command, a URL, the desktop. */
import { type Effect, Schema } from "effect"
import type { Message } from "./Message.ts"

/** A delivery failed. The reason contains no secret, and of a URL only its host. */
export class ChannelFailed extends Schema.TaggedError<ChannelFailed>()("ChannelFailed", {
  reason: Schema.String,
  /** Whether the same delivery would fail again. */
  isFinal: Schema.Boolean,
}) {
  override get message() {
    return this.reason
  }
}

export interface Channel {
  /** For people, without secrets. */
  readonly name: string
  /** Distinguishes channels. What one was told is stored by a hash of it. */
  readonly id: string
  /** Tries once. */
  readonly deliver: (message: Message) => Effect.Effect<void, ChannelFailed>
}
