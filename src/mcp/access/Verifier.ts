/** One way to find out whose token it is: a file of tokens, or an issuer of them. */
import { Effect, Redacted, Schema } from "effect"
import type { Caller } from "./Gate.ts"

/** Not a token of this verifier, or not a valid one any more. */
export class Unrecognized extends Schema.TaggedError<Unrecognized>()("Unrecognized", {
  /** For the client, without anything of the token: `the token has expired`. */
  reason: Schema.String,
}) {}

/** Tokens cannot be checked at the moment. It says nothing about this one. */
export class Unverifiable extends Schema.TaggedError<Unverifiable>()("Unverifiable", {
  /** For the client. The details are in the log. */
  reason: Schema.String,
}) {}

export type Verifier = (token: Redacted.Redacted) => Effect.Effect<Caller, Unrecognized | Unverifiable>

/** The first that recognizes the token. One that cannot check it may be the one that would have. */
export const firstOf =
  (verifiers: readonly [Verifier, ...ReadonlyArray<Verifier>]): Verifier =>
  (token) => {
    const [first, ...others] = verifiers
    return others.reduce(
      (tried, next) =>
        Effect.catch(tried, (failure) =>
          Effect.mapError(next(token), (later) =>
            later._tag === "Unrecognized" && failure._tag === "Unverifiable" ? failure : later,
          ),
        ),
      first(token),
    )
  }
