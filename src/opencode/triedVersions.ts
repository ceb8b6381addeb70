/** The versions of opencode that the tests run. */

export const triedVersions = { oldest: "1.18.33", newest: "2.0.15" } as const

/** The oldest version that works. Older ones have no health route. */
export const oldestSupported = "1.1.11"

const majorOf = (version: string): number => Number.parseInt(version, 10)

/** What to expect of a version whose major version is not among the tried ones. Undefined for 1.x and 2.x. */
export const untriedNote = (version: string): string | undefined => {
  const major = majorOf(version)
  const { newest, oldest } = triedVersions
  if (major >= majorOf(oldest) && major <= majorOf(newest)) return undefined
  return `opencode-fleet was tried with opencode ${oldest} to ${newest}, so something may not work with this version`
}
