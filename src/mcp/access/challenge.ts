/** The value of `WWW-Authenticate` (RFC 6750, RFC 9728): what the client did wrong, and how it gets a token. */

export interface Challenge {
  /** Absent if the request had no token, as RFC 6750 wants it. */
  readonly error?: "invalid_token" | "insufficient_scope"
  readonly description?: string
  /** All scopes that the client should ask for. Clients ask for these alone, and lose what they had. */
  readonly scopes?: ReadonlyArray<string>
  /** Where the resource says who issues its tokens. Without it clients do not log in. */
  readonly metadata?: string | undefined
}

/** Of what a quoted string may hold. */
const quoted = (text: string) => `"${text.replaceAll(/[^\x20-\x7e]|["\\]/gu, "'")}"`

export const challengeText = ({ description, error, metadata, scopes }: Challenge): string => {
  const parameters = Object.entries({
    error,
    error_description: description,
    scope: scopes?.join(" "),
    resource_metadata: metadata,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${quoted(value)}`]))
  return ["Bearer", parameters.join(", ")].filter((part) => part !== "").join(" ")
}
