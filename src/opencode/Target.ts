/**
 * The address and credentials of one opencode. A target is plain data: equal targets share an event stream
 * and cached answers, because Effect compares plain objects by their fields.
 */
import type { Redacted } from "effect"
import { Context } from "effect"
import type { Listener } from "../machine/ServerProcesses.ts"

/** The user name of every opencode 2, and that of an opencode 1 that was given none. */
export const defaultUsername = "opencode"

export interface Credentials {
  readonly username: string
  readonly password: Redacted.Redacted
}

/** The major version of opencode, which decides its HTTP API. */
export type ApiVersion = 1 | 2

export interface Target {
  /** The instance's name, for errors. */
  readonly instance: string
  /** Origin without a path, such as `http://127.0.0.1:4096`. */
  readonly url: string
  /** HTTP Basic, sent with every request; undefined if opencode runs without a password. */
  readonly credentials: Credentials | undefined
  /** Whether the credentials belong to this instance alone, and not to the whole fleet. For errors. */
  readonly ownCredentials?: boolean
  /** Further request headers, which a proxy in front of opencode asks for; names in lower case. */
  readonly headers?: Readonly<Record<string, Redacted.Redacted>>
  /** The directory in which the server was announced to work. Another one there shows that another server has its port. */
  readonly directory?: string
  /** The version of opencode's API, if it is known. Otherwise the first answer shows it. */
  readonly api?: ApiVersion
  /** The version of opencode that the server reported last, if it is known. For errors, and for what is not understood. */
  readonly version?: string
  /** Set when a password is configured but deliberately not sent to this target; part of the `Unauthorized` message. */
  readonly withheld?: string
  /** The local process that serves `url`. If it has exited, requests fail like a refused connection. */
  readonly listener?: Listener
}

/** The target of the current request. */
export const CurrentTarget = Context.Service<"opencode-fleet/opencode/CurrentTarget", Target>(
  "opencode-fleet/opencode/CurrentTarget",
)
