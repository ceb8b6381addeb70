/** Where one opencode is and how to get in. Everything in this folder is asked of a target. */
import type { Redacted } from "effect"
import { Context } from "effect"

export interface Credentials {
  readonly username: string
  readonly password: Redacted.Redacted
}

export interface Target {
  /** The instance's name, for errors. */
  readonly instance: string
  /** Origin without a path, such as `http://127.0.0.1:4096`. */
  readonly url: string
  /** HTTP Basic, sent with every request; none where opencode runs without a password. */
  readonly credentials: Credentials | undefined
  /** Why there are none although there is a password: what is said where it is asked for. */
  readonly withheld?: string
  /** Whether it is still the one that was found there, where somebody can tell. Asked before each request. */
  readonly stillThere?: () => boolean
}

/** The target of the request that is being made. */
export const CurrentTarget = Context.Service<"opencode-fleet/opencode/CurrentTarget", Target>(
  "opencode-fleet/opencode/CurrentTarget",
)
