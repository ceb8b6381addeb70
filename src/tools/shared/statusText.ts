/** The next step after an answer with an error status, where it is the same for MCP clients and the terminal. */
import type { OpencodeError } from "../../opencode/errors.ts"

/** What only one surface can say. */
export interface StatusWords {
  readonly forbidden: string
  readonly notFound: string
  readonly conflict: string
  /** Where the instance's health is shown, such as `refresh_instances shows its health`. */
  readonly health: string
}

export const afterStatus = (
  { retryAfter, status }: Pick<OpencodeError, "retryAfter" | "status">,
  words: StatusWords,
): string => {
  const after = (unspecified: string) => (retryAfter === undefined ? unspecified : `in ${retryAfter} s`)
  switch (status) {
    case 403:
      return words.forbidden
    case 404:
      return words.notFound
    case 409:
      return words.conflict
    case 413:
      return "Send less text, or put it into a file that the agent reads."
    case 429:
      return `Too many requests: try again ${after("later")}.`
    case 408:
    case 502:
    case 503:
    case 504:
      return `It may be starting or stopping: try again ${after("in a moment")}; ${words.health}.`
    default:
      return status >= 500 ? "opencode's log on that machine has the details." : "Correct what it names, and try again."
  }
}
