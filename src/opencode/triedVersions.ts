/** The versions of opencode that the tests run. */
import { Order } from "effect"

export const triedVersions = { oldest: "1.18.33", newest: "2.0.15" } as const

/**
 * The oldest supported version. Before 1.1.53, a permission request shows only part of its command: `echo one` for
 * `echo one > one.txt`. Before 1.1, there is no health route.
 */
export const oldestSupported = "1.1.53"

const numbersOf = (version: string): ReadonlyArray<number> =>
  version.split(".", 3).map((part) => Number.parseInt(part, 10))

const isLess = Order.isLessThan(Order.Array(Order.Number))

/** A version that cannot be read is not older. */
export const isOlder = (version: string, than: string): boolean => {
  const numbers = numbersOf(version)
  return numbers.every(Number.isInteger) && isLess(numbers, numbersOf(than))
}

/** Whether the version is newer than the one of its major version that was tried. */
export const isNewerThanTried = (version: string | undefined): boolean => {
  if (version === undefined) return false
  const { newest, oldest } = triedVersions
  const [major = Number.NaN] = numbersOf(version)
  return isOlder(major <= Number.parseInt(oldest, 10) ? oldest : newest, version)
}

/** What to expect of a version that is too old, or newer than the tried major versions. Undefined for the others. */
export const versionNote = (version: string): string | undefined => {
  const { newest, oldest } = triedVersions
  if (isOlder(version, oldestSupported)) {
    return `opencode ${oldestSupported} or newer is needed: a permission request of this version may show only part of the command that it allows`
  }
  const [major = Number.NaN] = numbersOf(version)
  if (major >= Number.parseInt(oldest, 10) && major <= Number.parseInt(newest, 10)) return undefined
  return `opencode-fleet was tried with opencode ${oldest} to ${newest}, so something may not work with this version`
}
