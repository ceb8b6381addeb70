/** What the tools can fail with. The message of each says what to do next; it is all that the caller sees. */
import { Schema } from "effect"
import { quote } from "../../text/plainText.ts"
import { ResolveError } from "../../fleet/naming.ts"
import { ClientError, DecisionError, SendError } from "../../opencode/errors.ts"
import { AmbiguousSession } from "../../opencode/sessions/sessionReference.ts"

/** A parameter that fits its schema and still makes no sense here. */
export class InvalidParameter extends Schema.TaggedError<InvalidParameter>()("InvalidParameter", {
  parameter: Schema.String,
  value: Schema.String,
  detail: Schema.String,
}) {
  override get message() {
    return `${this.parameter} ${quote(this.value)} cannot be used: ${this.detail}`
  }
}

/** An instance was asked for something. */
export const InstanceFailure = Schema.Union([ResolveError, ClientError])

/** A session was asked for something. */
export const SessionFailure = Schema.Union([ResolveError, ClientError, AmbiguousSession, InvalidParameter])

/** A turn was to be followed, or what it waits for to be decided. */
export const FollowFailure = Schema.Union([SessionFailure, DecisionError])

/** A message was to be sent. */
export const SendFailure = Schema.Union([FollowFailure, SendError])
