import { Duration } from "effect"

/**
 * How long a call follows a turn by default. Shorter than 300 s, because Codex ends every call at 300 s and would lose the
 * answer.
 */
export const defaultSendTimeout = Duration.seconds(280)
