/** opencode 2 stops a turn in whose directory nothing has happened for 60 minutes, even if it waits for a person. */
import type { Failure } from "../sessions/Message.ts"

/** Milliseconds. */
export const maxSilence = 60 * 60_000

/** Milliseconds. opencode looks for such turns once a minute. */
const sweep = 2 * 60_000

/** Whether a stored turn was stopped for this reason, judged by the milliseconds without anything happening before its end. */
export const isInactivity = (silence: number): boolean => silence >= maxSilence && silence < maxSilence + sweep

export const inactivity: Failure = {
  kind: "interrupted",
  message: "opencode stopped the turn, because nothing had happened in its directory for 60 minutes",
}
