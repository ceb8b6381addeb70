/** The errors of messages that were not sent. */
import { Schema } from "effect"
import { quote } from "../../text/plainText.ts"
import { type ClientError, InstanceUnreachable, RequestTimeout } from "../errors.ts"

/** The message was not sent, because another turn is running in the session. */
export class SessionBusy extends Schema.TaggedError<SessionBusy>()("SessionBusy", {
  instance: Schema.String,
  session: Schema.String,
  /** The pending request that the running turn waits for, if any. */
  waitingFor: Schema.optionalKey(
    Schema.Struct({ kind: Schema.Literals(["permission", "question"]), id: Schema.String, about: Schema.String }),
  ),
  /** The client was gone while the message waited. It may still come back for this answer. */
  clientGone: Schema.optionalKey(Schema.Literal(true)),
}) {
  override get message() {
    return `The message was not sent: session ${this.session} on ${this.instance} is busy with another turn${
      this.waitingFor === undefined ? "" : `, which is waiting for a person (${this.waitingFor.about})`
    }${this.clientGone === true ? ", and the client's connection was lost while the message waited" : ""}.`
  }
}

/** The caller's own message id is malformed, or belongs to another message. */
export class MessageIdUnusable extends Schema.TaggedError<MessageIdUnusable>()("MessageIdUnusable", {
  id: Schema.String,
  detail: Schema.String,
  /** Whether no other id can be used either. */
  noneUsable: Schema.optionalKey(Schema.Boolean),
}) {
  override get message() {
    return `The message id ${quote(this.id)} cannot be used: ${this.detail}. Nothing was sent.`
  }
}

/** The timeout of the message ended while opencode was asked what has to be known before: the session's status, the agent. */
export class SendTimeout extends Schema.TaggedError<SendTimeout>()("SendTimeout", {
  instance: Schema.String,
  url: Schema.String,
}) {
  override get message() {
    return `${this.instance} (${this.url}) answered so slowly that the time of the message ended first. The message was not sent.`
  }
}

/** A prompt was not sent, or may not have arrived. */
export const SendError = Schema.Union([SessionBusy, SendTimeout, MessageIdUnusable])
export type SendError = typeof SendError.Type

/** The error of a request before a message was sent: the error says that the message was not. */
export const beforeSending = (error: ClientError | SendError): ClientError | SendError => {
  switch (error._tag) {
    case "InstanceUnreachable":
      return new InstanceUnreachable({ ...error, mayHaveArrived: false, unsent: true })
    case "RequestTimeout":
      return new RequestTimeout({ ...error, unsent: true })
    default:
      return error
  }
}
