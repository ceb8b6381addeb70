/** Finds the caller of a token in one source: a file of tokens, or an issuer. */
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

/**
 * Asks the verifiers in order until one recognizes the token. If none does and one could not check it, the token is
 * unverifiable, because that one might have recognized it.
 */
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
