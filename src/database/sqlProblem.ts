/** What is wrong with a database, as a clause for people. */
import { Predicate } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { line } from "../text/plainText.ts"

const detailOf = (cause: unknown): string =>
  Predicate.isError(cause) && cause.message !== "" ? cause.message : "unknown"

/** The messages of PostgreSQL and of the system name users, databases and addresses, but never a password. */
export const sqlProblem = ({ reason }: SqlError): string => {
  const detail = line(detailOf(reason.cause))
  switch (reason._tag) {
    case "AuthenticationError":
      return `it refuses the user or password (${detail})`
    case "AuthorizationError":
      return `its user may not do that (${detail})`
    case "ConnectionError":
      return `it cannot be reached (${detail})`
    default:
      return detail
  }
}
