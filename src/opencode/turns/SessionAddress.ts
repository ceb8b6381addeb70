import type { Opencode } from "../Opencode.ts"
import type { Session } from "../sessions/Session.ts"
import type { Target } from "../Target.ts"

/** A session and its instance. */
export interface SessionAddress {
  readonly target: Target
  readonly opencode: Opencode
  readonly session: Session
}
