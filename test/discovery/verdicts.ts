/** What whoever listens on a port may turn out to be. */
import type { Identity, Verdict } from "../../src/discovery/identification/Identification.ts"

/** One that has said where it works. */
export const opencodeIn = (directory: string, worktree = directory, locked = false): Identity => ({
  _tag: "Opencode",
  locked,
  place: { directory, worktree },
})

/** An opencode that tells nothing without a password. */
export const lockedOpencode: Identity = { _tag: "Opencode", locked: true, place: undefined }

export const notOpencode: Verdict = { _tag: "Other" }
export const refused: Verdict = { _tag: "Refused" }
export const silent: Verdict = { _tag: "Silent" }
