/** Sample verdicts. */
import type { Identity, Verdict } from "../../src/discovery/identification/Identification.ts"

/** An opencode that has reported its directory. */
export const opencodeIn = (directory: string, worktree = directory, requiresPassword = false): Identity => ({
  _tag: "Opencode",
  api: 1,
  requiresPassword,
  location: { directory, worktree },
})

/** An opencode 2, which always requires a password. */
export const opencode2: Identity = { _tag: "Opencode", api: 2, requiresPassword: true, location: undefined }

/** An opencode that requires a password. */
export const opencodeWithPassword: Identity = {
  _tag: "Opencode",
  api: undefined,
  requiresPassword: true,
  location: undefined,
}

export const notOpencode: Verdict = { _tag: "Other" }
export const refused: Verdict = { _tag: "Refused" }
export const silent: Verdict = { _tag: "Silent" }
