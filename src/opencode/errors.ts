/**
 * What can go wrong between this program and one opencode. Each error names the instance and says what to do next, for
 * its message is what a person or a model reads.
 */
import { Schema } from "effect"
import { line, quote } from "../text/plainText.ts"

/** No answer, and none can be expected: nothing listens there, the connection broke, the name does not resolve. */
export class InstanceUnreachable extends Schema.TaggedError<InstanceUnreachable>()("InstanceUnreachable", {
  instance: Schema.String,
  url: Schema.String,
  /** False if the connection was never made, so that the request cannot have had any effect. */
  mayHaveArrived: Schema.Boolean,
  /** The operating system's word for it, such as `ECONNREFUSED`. */
  detail: Schema.String,
}) {
  override get message() {
    return `${this.instance} (${this.url}) cannot be reached: ${this.detail}.${
      this.mayHaveArrived ? " The request may have arrived before the connection broke." : ""
    } Is opencode still running there? refresh_instances looks again.`
  }
}

/** The connection was accepted and no answer came in time. A server that is still starting does this. */
export class RequestTimeout extends Schema.TaggedError<RequestTimeout>()("RequestTimeout", {
  instance: Schema.String,
  url: Schema.String,
  operation: Schema.String,
  seconds: Schema.Finite,
}) {
  override get message() {
    return `${this.instance} (${this.url}) did not answer "${this.operation}" within ${this.seconds} s. It may be starting or stuck; refresh_instances shows how it is.`
  }
}

/** 401: the password or the user name is missing or wrong. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  instance: Schema.String,
  url: Schema.String,
  /** Whether the 401 is one that opencode sends. */
  isOpencode: Schema.Boolean,
  /** Why the password was not sent there, if there is one. */
  withheld: Schema.optionalKey(Schema.String),
}) {
  override get message() {
    if (this.withheld !== undefined) {
      return `${this.instance} (${this.url}) asks for a password, which is not sent there: ${this.withheld}.`
    }
    return `${this.instance} (${this.url}) refused the credentials. Set OPENCODE_SERVER_PASSWORD (and OPENCODE_SERVER_USERNAME) of opencode-fleet to what that opencode was started with.`
  }
}

export class SessionNotFound extends Schema.TaggedError<SessionNotFound>()("SessionNotFound", {
  instance: Schema.String,
  session: Schema.String,
}) {
  override get message() {
    return `${this.instance} has no session ${quote(this.session)}. list_sessions shows the ones it has.`
  }
}

/** An answer of opencode that reports an error, in its own words. */
export class OpencodeError extends Schema.TaggedError<OpencodeError>()("OpencodeError", {
  instance: Schema.String,
  operation: Schema.String,
  status: Schema.Finite,
  detail: Schema.String,
}) {
  override get message() {
    return `opencode on ${this.instance} answered "${this.operation}" with ${this.status}: ${this.detail}`
  }
}

/** An answer that is not opencode's: a web page (opencode itself sends one for unknown routes), a proxy's error, another program. */
export class UnexpectedResponse extends Schema.TaggedError<UnexpectedResponse>()("UnexpectedResponse", {
  instance: Schema.String,
  url: Schema.String,
  operation: Schema.String,
  status: Schema.optionalKey(Schema.Finite),
  detail: Schema.String,
}) {
  override get message() {
    return `${this.instance} (${this.url}) answered "${this.operation}" with something that opencode does not send (${
      this.status === undefined ? "" : `status ${this.status}, `
    }${this.detail}). Another program may listen on that port, or that opencode is of a version not known here.`
  }
}

export const ClientError = Schema.Union([
  InstanceUnreachable,
  RequestTimeout,
  Unauthorized,
  SessionNotFound,
  OpencodeError,
  UnexpectedResponse,
])
export type ClientError = typeof ClientError.Type

/**
 * Whether the request may have had its effect all the same. A proxy in front may lose the answer just as a connection
 * does, and says so with a page of its own.
 */
export const mayHaveArrived = (error: ClientError): boolean =>
  error._tag === "RequestTimeout" ||
  (error._tag === "InstanceUnreachable" && error.mayHaveArrived) ||
  (error._tag === "UnexpectedResponse" && (error.status ?? 500) >= 500)

/** The session is in the middle of a turn that was started elsewhere, and the message was not sent. */
export class SessionBusy extends Schema.TaggedError<SessionBusy>()("SessionBusy", {
  instance: Schema.String,
  session: Schema.String,
  /** What the running turn waits for, if a person has to decide something. */
  waitingFor: Schema.optionalKey(Schema.String),
}) {
  override get message() {
    return `The message was not sent: session ${this.session} on ${this.instance} is busy with another turn${
      this.waitingFor === undefined ? "" : `, which waits for a person (${this.waitingFor})`
    }. Send it again later, stop that turn with abort_session, or use if_busy "steer" to hand the message to the running turn.`
  }
}

/** The request that carried the prompt broke, and it is not known whether it arrived. */
export class PromptUncertain extends Schema.TaggedError<PromptUncertain>()("PromptUncertain", {
  instance: Schema.String,
  session: Schema.String,
  detail: Schema.String,
}) {
  override get message() {
    return `It is not known whether the message reached session ${this.session} on ${this.instance} (${this.detail}). It was not sent again. Look with get_session whether it is there before you send it once more.`
  }
}

/** The session has no message, so that there is no turn to follow. */
export class NoTurn extends Schema.TaggedError<NoTurn>()("NoTurn", {
  instance: Schema.String,
  session: Schema.String,
}) {
  override get message() {
    return `Session ${this.session} on ${this.instance} has no message yet, so there is nothing to wait for. send_message gives it work.`
  }
}

/** A decision came for a permission or a question that waits no longer. */
export class RequestNotOpen extends Schema.TaggedError<RequestNotOpen>()("RequestNotOpen", {
  instance: Schema.String,
  session: Schema.String,
  kind: Schema.Literals(["permission", "question"]),
  id: Schema.optionalKey(Schema.String),
}) {
  override get message() {
    return this.id === undefined
      ? `Session ${this.session} on ${this.instance} waits for no ${this.kind}, or for none any more: it may have been settled elsewhere. Nothing was sent. wait_for_session shows how its turn went on, get_status which sessions wait.`
      : `The ${this.kind} ${quote(this.id)} is not open in session ${this.session} on ${this.instance}: it was settled already, or its turn has ended. Nothing was sent. wait_for_session shows how the turn went on.`
  }
}

/** Several are open, and the decision names none of them. */
export class AmbiguousRequest extends Schema.TaggedError<AmbiguousRequest>()("AmbiguousRequest", {
  session: Schema.String,
  kind: Schema.Literals(["permission", "question"]),
  candidates: Schema.Array(Schema.String),
}) {
  override get message() {
    return `Session ${this.session} waits for several ${this.kind}s: ${this.candidates.map((text) => line(text)).join("; ")}. Say which with ${this.kind}_id. Nothing was sent.`
  }
}

/** A decision could not be carried to where it belongs. */
export const DecisionError = Schema.Union([NoTurn, RequestNotOpen, AmbiguousRequest])
export type DecisionError = typeof DecisionError.Type

/** A prompt was not sent, or not certainly. */
export const SendError = Schema.Union([SessionBusy, PromptUncertain])
export type SendError = typeof SendError.Type
