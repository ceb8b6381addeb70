/**
 * The errors of requests to one opencode. `turns/sendErrors.ts` and `requests/decisionErrors.ts` have those of messages and
 * decisions.
 *
 * A `message` states facts only: what happened, where, and why. It names no tool, no command and no setting, because an
 * embedding program has none of them. The surfaces add the next step: `tools/shared/errorText.ts` for MCP clients and
 * `cli/process/errorText.ts` for a terminal.
 */
import { Schema } from "effect"
import { quote } from "../text/plainText.ts"
import { isNewerThanTried } from "./triedVersions.ts"

/** The detail of a request that was not sent, because the process that serves the URL is not running. */
export const processExited = "its process has exited"

const notSent = (unsent: boolean | undefined) => (unsent === true ? " The message was not sent." : "")

/** The connection was refused or broke, or the host name does not resolve. */
export class InstanceUnreachable extends Schema.TaggedError<InstanceUnreachable>()("InstanceUnreachable", {
  instance: Schema.String,
  url: Schema.String,
  /** False if no connection was made: the request certainly had no effect. */
  mayHaveArrived: Schema.Boolean,
  /** The operating system's error code, such as `ECONNREFUSED`, or why no connection was made. */
  detail: Schema.String,
  /** Set if the request was made before a message was sent, which therefore was not. */
  unsent: Schema.optionalKey(Schema.Boolean),
}) {
  override get message() {
    return `${this.instance} (${this.url}) cannot be reached: ${this.detail}.${
      this.mayHaveArrived ? " The request may have arrived before the connection broke." : ""
    }${notSent(this.unsent)}`
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
  /** As in {@link InstanceUnreachable}. */
  unsent: Schema.optionalKey(Schema.Boolean),
}) {
  override get message() {
    const what =
      this.connected === false
        ? `could not be connected to within ${this.seconds} s.`
        : `did not answer "${this.operation}" within ${this.seconds} s.`
    return `${this.instance} (${this.url}) ${what}${notSent(this.unsent)}`
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
  /** Sessions that this version does not understand. It may be one of them. */
  notUnderstood: Schema.optionalKey(Schema.String),
}) {
  override get message() {
    return this.notUnderstood === undefined
      ? `${this.instance} has no session ${quote(this.session)}.`
      : `${this.instance} has no session ${quote(this.session)} that can be shown, and ${this.notUnderstood}.`
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
  /** The version of the opencode there, if it is known. */
  version: Schema.optionalKey(Schema.String),
}) {
  /** Whether it is probably the answer of an opencode that is newer than this program. */
  get isOfNewerVersion(): boolean {
    return (this.status ?? 200) < 300 && isNewerThanTried(this.version)
  }
  override get message() {
    const { detail, instance, operation, status = 0, url } = this
    if (this.isOfNewerVersion) {
      return `opencode ${this.version} on ${instance} (${url}) answered "${operation}" with something that this version of opencode-fleet does not understand (${detail}).`
    }
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
  command: (session: string) => `the command gave the agent of session ${session} a message`,
  abort: (session: string) => `the turn in session ${session} was told to stop`,
  decision: (session: string) => `the decision reached session ${session}`,
  creation: () => "the session was created",
  worktree: () => "the worktree was created",
}

/** The request failed, and what opencode shows does not tell whether it took effect. */
export class EffectUncertain extends Schema.TaggedError<EffectUncertain>()("EffectUncertain", {
  instance: Schema.String,
  effect: Schema.Literals(["prompt", "command", "abort", "decision", "creation", "worktree"]),
  /** Empty for what creates something. */
  session: Schema.String,
  detail: Schema.String,
}) {
  override get message() {
    const repeated =
      this.effect === "prompt" || this.effect === "command" || this.effect === "abort" ? " It was not sent again." : ""
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
