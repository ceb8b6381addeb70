/** HTTP Basic, checked without revealing through the time that it takes how much of a guess is right. */
import { Redacted } from "effect"
import { timingSafeEqual } from "node:crypto"
import { type Credentials, defaultUsername } from "../../opencode/Target.ts"
import { digest } from "../../text/digest.ts"

/** The value of the header `authorization`. */
export const basicAuthorization = ({ password, username }: Credentials): string =>
  `Basic ${Buffer.from(`${username}:${Redacted.value(password)}`).toString("base64")}`

/** Returns whether a header `authorization` has the password, with the configured user name or opencode's own. */
export const checkAuthorization = ({ password, username }: Credentials) => {
  // The clients of opencode 2 cannot choose another user name.
  const accepted = [username, defaultUsername].map((name) => digest(`${name}:${Redacted.value(password)}`))
  return (header: string | undefined): boolean => {
    const [, encoded = ""] = /^basic +(\S+) *$/iu.exec(header ?? "") ?? []
    const given = digest(Buffer.from(encoded, "base64"))
    return accepted.map((one) => timingSafeEqual(one, given)).includes(true)
  }
}
