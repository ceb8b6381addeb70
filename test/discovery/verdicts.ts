/** Sample verdicts. */
import type { Identity, Verdict } from "../../src/discovery/identification/Identification.ts"

/** An opencode that has reported its directory. */
export const opencodeIn = (directory: string, worktree = directory, locked = false): Identity => ({
  _tag: "Opencode",
  locked,
  place: { directory, worktree },
})

/** An opencode that requires a password. */
export const lockedOpencode: Identity = { _tag: "Opencode", locked: true, place: undefined }

export const notOpencode: Verdict = { _tag: "Other" }
export const refused: Verdict = { _tag: "Refused" }
export const silent: Verdict = { _tag: "Silent" }
