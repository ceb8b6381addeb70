/**
 * The content of a token file: one token a line, then optionally its name, then its scopes. An empty line and one that starts
 * with `#` say nothing.
 *
 *     9yM3…k2Q
 *     hV7x…Zp0  phone  fleet:read,fleet:decide
 */
import { Result, Schema } from "effect"
import { timingSafeEqual } from "node:crypto"
import { digest } from "../../text/digest.ts"
import type { Caller } from "./Gate.ts"

/** What is wrong with a line. Shows nothing of it, because any word may be a token. */
export class TokenLineInvalid extends Schema.TaggedError<TokenLineInvalid>()("TokenLineInvalid", {
  /** Counted from 1. Undefined if the whole content is meant. */
  line: Schema.UndefinedOr(Schema.Int),
  reason: Schema.String,
}) {
  override get message() {
    return this.line === undefined ? this.reason : `line ${this.line}: ${this.reason}`
  }
}

/** A caller and the digest of the token; the token itself is not kept. */
export interface Grant {
  readonly digest: Buffer
  readonly caller: Caller
}

/** Shorter ones can be guessed. */
const minLength = 16

/** What a client can send after `Bearer` (RFC 6750). */
const sendable = /^[A-Za-z0-9._~+/-]+=*$/u

/** Without a `:`, so that scopes without a name before them are no name. */
const nameable = /^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,63}$/u

export interface TokenListOptions {
  /** The scopes that a line can name, and those of a line that names none. */
  readonly scopes: ReadonlyArray<string>
  /** The scope without which no request is answered, so that a token needs it. */
  readonly base: string
  /** The name of a token without one. Default: the beginning of its digest. */
  readonly unnamed?: string | undefined
}

const readLine = (
  words: ReadonlyArray<string>,
  { base, scopes: known, unnamed }: TokenListOptions,
): Result.Result<Grant, string> => {
  const [token = "", name, list, ...more] = words
  if (token.length < minLength) {
    return Result.fail(`the token is shorter than ${minLength} characters. \`openssl rand -hex 32\` makes a good one`)
  }
  if (!sendable.test(token)) return Result.fail("a token consists of letters, digits and . _ ~ + / - with = at its end")
  if (name !== undefined && (!nameable.test(name) || known.includes(name))) {
    return Result.fail("after the token comes its name (letters, digits, . _ @ -), and only then the scopes")
  }
  if (more.length > 0) {
    return Result.fail("it takes a token, a name and scopes; scopes are separated by commas without spaces")
  }
  const scopes = list?.split(",") ?? known
  if (!scopes.every((scope) => known.includes(scope))) return Result.fail(`the scopes are: ${known.join(", ")}`)
  if (!scopes.includes(base))
    return Result.fail(`a token needs the scope ${base}, without which no request is answered`)
  const hash = digest(token)
  const subject = name ?? unnamed ?? `token ${hash.toString("hex").slice(0, 8)}`
  return Result.succeed({ digest: hash, caller: { subject, scopes: new Set(scopes), stepsUp: false } })
}

/** The grants of the content. One bad line makes all of it unusable: what it was meant to say is not known. */
export const readTokens = (
  content: string,
  options: TokenListOptions,
): Result.Result<ReadonlyArray<Grant>, TokenLineInvalid> => {
  const grants = new Map<string, { readonly grant: Grant; readonly line: number }>()
  for (const [index, text] of content
    .replace(/^\uFEFF/u, "")
    .split("\n")
    .entries()) {
    const line = index + 1
    const words = text.trim().split(/\s+/u)
    if (words[0] === "" || words[0]?.startsWith("#") === true) continue
    const read = readLine(words, options)
    if (Result.isFailure(read)) return Result.fail(new TokenLineInvalid({ line, reason: read.failure }))
    const key = read.success.digest.toString("hex")
    const first = grants.get(key)
    if (first !== undefined) {
      return Result.fail(new TokenLineInvalid({ line, reason: `the same token as in line ${first.line}` }))
    }
    grants.set(key, { grant: read.success, line })
  }
  return grants.size === 0
    ? Result.fail(new TokenLineInvalid({ line: undefined, reason: "it holds no token" }))
    : Result.succeed(Array.from(grants.values(), ({ grant }) => grant))
}

/** Compares with every token, so that the time it takes says nothing about a guess. */
export const callerOf = (grants: ReadonlyArray<Grant>, token: string): Caller | undefined => {
  const given = digest(token)
  return grants.filter(({ digest }) => timingSafeEqual(digest, given)).map(({ caller }) => caller)[0]
}
