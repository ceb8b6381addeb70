/** Which versions of opencode report the changes of a turn as the newer ones do. */
import { isOlder } from "../triedVersions.ts"

/** Below it, `GET /session/:id/diff` means something else. */
const oldest = "1.17.0"

/** What is wrong with the changes that this version reports. Undefined for newer and unknown versions. */
export const diffNote = (version: string | undefined): string | undefined =>
  version !== undefined && isOlder(version, oldest)
    ? `opencode ${version} reports changes in another way than 1.17 and newer: counts may be too high, and patches may be missing. \`git diff\` in the session's directory shows the files.`
    : undefined
