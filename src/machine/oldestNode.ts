/** The oldest Node that runs the program. Imports nothing, because `main.ts` loads it under any Node. */

/** Major and minor version. */
const oldest = [22, 19] as const

export const oldestNode: string = oldest.join(".")

/** `version` as in `process.versions.node`: `22.19.0`. */
export const isNodeTooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1])
}
