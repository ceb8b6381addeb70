/** Which versions of opencode report the changes of a turn as the newer ones do. */
import { Order } from "effect"

/** Below it, `GET /session/:id/diff` means something else. */
const oldest = "1.17"

const numbersOf = (version: string): ReadonlyArray<number> =>
  version.split(".", 2).map((part) => Number.parseInt(part, 10))

const isOlder = Order.isLessThan(Order.Array(Order.Number))

/** What is wrong with the changes that this version reports. Undefined for newer and unknown versions. */
export const diffNote = (version: string | undefined): string | undefined => {
  const numbers = numbersOf(version ?? "")
  return numbers.length === 2 && numbers.every(Number.isInteger) && isOlder(numbers, numbersOf(oldest))
    ? `opencode ${version} reports changes in another way than ${oldest} and newer: counts may be too high, and patches may be missing. \`git diff\` in the session's directory shows the files.`
    : undefined
}
