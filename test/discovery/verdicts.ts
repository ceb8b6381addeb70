/** Sample verdicts. */
import type { Identity, Verdict } from "../../src/discovery/identification/Identification.ts"

/** An opencode that has reported its directory. */
export const opencodeIn = (directory: string, worktree = directory, requiresPassword = false): Identity => ({
  _tag: "Opencode",
  requiresPassword,
  location: { directory, worktree },
})

/** An opencode that requires a password. */
export const opencodeWithPassword: Identity = { _tag: "Opencode", requiresPassword: true, location: undefined }

export const notOpencode: Verdict = { _tag: "Other" }
export const refused: Verdict = { _tag: "Refused" }
export const silent: Verdict = { _tag: "Silent" }
