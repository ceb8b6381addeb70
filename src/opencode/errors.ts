/**
 * The errors of requests to one opencode.
 *
 * A `message` states facts only: what happened, where, and why. It names no tool, no command and no setting, because an
 * embedding program has none of them. The surfaces add the next step: `tools/shared/errorText.ts` for MCP clients and
 * `cli/process/errorText.ts` for a terminal.
 */
import { Schema } from "effect"
import { line, quote } from "../text/plainText.ts"

/** The detail of a request that was not sent, because the process that serves the URL is not running. */
export const processExited = "its process has exited"

/** The connection was refused or broke, or the host name does not resolve. */
export class InstanceUnreachable extends Schema.TaggedError<InstanceUnreachable>()("InstanceUnreachable", {
  instance: Schema.String,
  url: Schema.String,
  /** False if no connection was made: the request certainly had no effect. */
  mayHaveArrived: Schema.Boolean,
  /** The operating system's error code, such as `ECONNREFUSED`, or why no connection was made. */
  detail: Schema.String,
}) {
  override get message() {
    return `${this.instance} (${this.url}) cannot be reached: ${this.detail}.${
      this.mayHaveArrived ? " The request may have arrived before the connection broke." : ""
    }`
  }
}

/** The connection was accepted, but no answer arrived in time. The server may be starting or stuck. */
export class RequestTimeout extends Schema.TaggedError<RequestTimeout>()("RequestTimeout", {
  instance: Schema.String,
  url: Schema.String,
  operation: Schema.String,
  seconds: Schema.Finite,
  /** Whether there was a connection. Without one, the request has certainly not arrived. Undefined if that is not known. */
  connected: Schema.optionalKey(Schema.Boolean),
}) {
  override get message() {
    return this.connected === false
      ? `${this.instance} (${this.url}) could not be connected to within ${this.seconds} s.`
      : `${this.instance} (${this.url}) did not answer "${this.operation}" within ${this.seconds} s.`
  }
}

/** 401: the password or the user name is missing or wrong. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  instance: Schema.String,
  url: Schema.String,
  /** Whether the 401 looks like opencode's own. */
  isOpencode: Schema.Boolean,
  /** The version of the API that was asked, if it is known. */
  api: Schema.optionalKey(Schema.Literals([1, 2])),
  /** Set when a password is configured but deliberately not sent to this target: the reason. */
  withheld: Schema.optionalKey(Schema.String),
  /** Whether the refused credentials belong to this instance alone, such as those of its registration. */
  ownCredentials: Schema.optionalKey(Schema.Boolean),
}) {
  override get message() {
    if (this.withheld !== undefined) {
      return `${this.instance} (${this.url}) requires a password, which is not sent there: ${this.withheld}.`
    }
    return `${this.instance} (${this.url}) refused the user name and password.`
  }
}

/** The instance has no session with this id, or none that the given reference matches. */
export class SessionNotFound extends Schema.TaggedError<SessionNotFound>()("SessionNotFound", {
  instance: Schema.String,
  session: Schema.String,
}) {
  override get message() {
    return `${this.instance} has no session ${quote(this.session)}.`
  }
}

/** opencode answered with an error. `detail` is opencode's own text. */
export class OpencodeError extends Schema.TaggedError<OpencodeError>()("OpencodeError", {
  instance: Schema.String,
  operation: Schema.String,
  status: Schema.Finite,
  detail: Schema.String,
  /** Seconds after which opencode asks to try again. */
  retryAfter: Schema.optionalKey(Schema.Finite),
}) {
  override get message() {
    return `opencode on ${this.instance} answered "${this.operation}" with ${this.status}: ${this.detail}`
  }
}

/**
 * The answer is not one of opencode's API: a web page (opencode sends one for unknown routes), a proxy's error
 * page, or another program's answer.
 */
export class UnexpectedResponse extends Schema.TaggedError<UnexpectedResponse>()("UnexpectedResponse", {
  instance: Schema.String,
  url: Schema.String,
  operation: Schema.String,
  status: Schema.optionalKey(Schema.Finite),
  detail: Schema.String,
  /** Seconds after which the answer asks to try again. */
  retryAfter: Schema.optionalKey(Schema.Finite),
}) {
  override get message() {
    const { detail, instance, operation, status = 0, url } = this
    if (status >= 500) {
      return `${instance} (${url}) answered "${operation}" with ${status}: ${detail}. The answer is not opencode's: a proxy in front of it may not reach it.`
    }
    const what = status >= 400 ? `with ${status}` : "with something opencode does not send"
    return `${instance} (${url}) answered "${operation}" ${what} (${
      status > 0 && status < 400 ? `status ${status}, ` : ""
    }${detail}). Another program may be listening on that port, or this version of opencode is not supported.`
  }
}

/** The directory does not exist on the machine of the instance, or is not a directory. */
export class DirectoryNotFound extends Schema.TaggedError<DirectoryNotFound>()("DirectoryNotFound", {
  instance: Schema.String,
  directory: Schema.String,
}) {
  override get message() {
    return `There is no directory ${quote(this.directory)} on the machine of ${this.instance} that opencode can use.`
  }
}

/** Another server of the same user is running a turn in the session, so nothing was sent. */
export class RunsElsewhere extends Schema.TaggedError<RunsElsewhere>()("RunsElsewhere", {
  instance: Schema.String,
  session: Schema.String,
  /** When the turn counts as over if it stores nothing more, in epoch milliseconds. */
  until: Schema.Finite,
  /** The instance of the fleet that is running it. */
  at: Schema.optionalKey(Schema.String),
  /** The process that is probably running it, if it is on this machine. */
  pid: Schema.optionalKey(Schema.Int),
}) {
  override get message() {
    if (this.at !== undefined) {
      return `Nothing was sent: the turn in session ${this.session} is running on ${this.at}, which shares its sessions with ${this.instance}.`
    }
    const where = this.pid === undefined ? "" : ` (process ${this.pid})`
    const until = new Date(this.until).toISOString()
    return `Nothing was sent: the turn in session ${this.session} has not ended, and ${this.instance} is not running it. Another opencode of the same user${where} is running it, such as a terminal or opencode serve, or was killed during it. It counts as over at ${until} if nothing more happens in it.`
  }
}

/** What a request of unknown outcome would have done. */
const effects = {
  prompt: (session: string) => `the message reached session ${session}`,
  abort: (session: string) => `the turn in session ${session} was told to stop`,
  decision: (session: string) => `the decision reached session ${session}`,
  creation: () => "the session was created",
  worktree: () => "the worktree was created",
}

/** The request failed, and what opencode shows does not tell whether it took effect. */
export class EffectUncertain extends Schema.TaggedError<EffectUncertain>()("EffectUncertain", {
  instance: Schema.String,
  effect: Schema.Literals(["prompt", "abort", "decision", "creation", "worktree"]),
  /** Empty for what creates something. */
  session: Schema.String,
  detail: Schema.String,
}) {
  override get message() {
    const repeated = this.effect === "prompt" || this.effect === "abort" ? " It was not sent again." : ""
    return `It is unknown whether ${effects[this.effect](this.session)} on ${this.instance} (${this.detail}).${repeated}`
  }
}

export const ClientError = Schema.Union([
  InstanceUnreachable,
  RequestTimeout,
  Unauthorized,
  SessionNotFound,
  DirectoryNotFound,
  RunsElsewhere,
  EffectUncertain,
  OpencodeError,
  UnexpectedResponse,
])
export type ClientError = typeof ClientError.Type

/** The message was not sent, because another turn is running in the session. */
export class SessionBusy extends Schema.TaggedError<SessionBusy>()("SessionBusy", {
  instance: Schema.String,
  session: Schema.String,
  /** The pending request that the running turn waits for, if any. */
  waitingFor: Schema.optionalKey(
    Schema.Struct({ kind: Schema.Literals(["permission", "question"]), id: Schema.String, about: Schema.String }),
  ),
}) {
  override get message() {
    return `The message was not sent: session ${this.session} on ${this.instance} is busy with another turn${
      this.waitingFor === undefined ? "" : `, which is waiting for a person (${this.waitingFor.about})`
    }.`
  }
}

/** The caller's own message id is malformed, or belongs to another message. */
export class MessageIdUnusable extends Schema.TaggedError<MessageIdUnusable>()("MessageIdUnusable", {
  id: Schema.String,
  detail: Schema.String,
}) {
  override get message() {
    return `The message id ${quote(this.id)} cannot be used: ${this.detail}. Nothing was sent.`
  }
}

/** The session has no messages, so there is no turn to follow. */
export class NoTurn extends Schema.TaggedError<NoTurn>()("NoTurn", {
  instance: Schema.String,
  session: Schema.String,
}) {
  override get message() {
    return `Session ${this.session} on ${this.instance} has no messages yet, so it has no turn.`
  }
}

/** The permission or question to decide is not open, or no longer. */
export class RequestNotOpen extends Schema.TaggedError<RequestNotOpen>()("RequestNotOpen", {
  instance: Schema.String,
  session: Schema.String,
  kind: Schema.Literals(["permission", "question"]),
  id: Schema.optionalKey(Schema.String),
  /** Number of pending requests of the instance that were not understood. It may be one of them. */
  unreadable: Schema.optionalKey(Schema.Int),
  /** The open requests of that kind, each with its id, if the given id is none of theirs. */
  open: Schema.optionalKey(Schema.Array(Schema.String)),
}) {
  override get message() {
    const { open = [] } = this
    if (open.length > 0) {
      return `Session ${this.session} on ${this.instance} has no open ${this.kind} ${quote(this.id ?? "")}. Open there: ${open.map((text) => line(text)).join("; ")}. Nothing was sent.`
    }
    if (this.unreadable !== undefined) {
      return `Something waits on ${this.instance} that this version of opencode-fleet does not understand (${this.unreadable}); decide it in opencode. Nothing was sent.`
    }
    return this.id === undefined
      ? `Session ${this.session} on ${this.instance} is not waiting for a ${this.kind}; it may have been settled elsewhere. Nothing was sent.`
      : `The ${this.kind} ${quote(this.id)} is not open in session ${this.session} on ${this.instance}: it was already settled, or its turn has ended. Nothing was sent.`
  }
}

/** Several requests are open, and the decision does not say which one it is for. */
export class AmbiguousRequest extends Schema.TaggedError<AmbiguousRequest>()("AmbiguousRequest", {
  session: Schema.String,
  kind: Schema.Literals(["permission", "question"]),
  candidates: Schema.Array(Schema.String),
}) {
  override get message() {
    return `Session ${this.session} is waiting for several ${this.kind}s: ${this.candidates.map((text) => line(text)).join("; ")}. Nothing was sent.`
  }
}

/** A decision was not delivered. */
export const DecisionError = Schema.Union([NoTurn, RequestNotOpen, AmbiguousRequest])
export type DecisionError = typeof DecisionError.Type

/** A prompt was not sent, or may not have arrived. */
export const SendError = Schema.Union([SessionBusy, MessageIdUnusable])
export type SendError = typeof SendError.Type
