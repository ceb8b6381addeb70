/** The gate over verifiers: what is answered to a request without a token, with a wrong one, or with too small a scope. */
import { Effect } from "effect"
import { challengeText } from "./challenge.ts"
import { type Caller, Gate, Refused } from "./Gate.ts"
import { firstOf, type Verifier } from "./Verifier.ts"

export interface Scopes {
  /** All scopes of the server. */
  readonly all: ReadonlyArray<string>
  /** Without this one no request is answered. */
  readonly base: string
  /** What a client should ask for when it logs in. */
  readonly atLogin: ReadonlyArray<string>
}

export interface GateOptions {
  readonly verifiers: readonly [Verifier, ...ReadonlyArray<Verifier>]
  readonly scopes: Scopes
  /** The URL at which clients learn where to log in. Undefined without an issuer: then they cannot. */
  readonly metadata?: string | undefined
}

export const verifyingGate = ({ metadata, scopes, verifiers }: GateOptions): typeof Gate.Service => {
  const verify = firstOf(verifiers)
  const unauthorized = (message: string, error?: "invalid_token") =>
    new Refused({
      status: 401,
      message,
      challenge: challengeText({
        ...(error === undefined ? {} : { error, description: message }),
        ...(metadata === undefined ? {} : { scopes: scopes.atLogin, metadata }),
      }),
    })
  const insufficient = (caller: Caller, missing: string) => {
    const message = `The scope ${missing} is needed, which ${caller.subject} does not have.`
    const wanted = scopes.all.filter((scope) => scope === missing || scope === scopes.base || caller.scopes.has(scope))
    const challenge = challengeText({
      error: "insufficient_scope",
      description: `the scope ${missing} is needed`,
      scopes: wanted,
      metadata,
    })
    return new Refused({ status: 403, message, challenge })
  }
  return Gate.of({
    verify: Effect.fnUntraced(function* (token) {
      if (token === undefined) return yield* unauthorized("A token is needed: the header Authorization: Bearer TOKEN.")
      const caller = yield* verify(token).pipe(
        Effect.catchTags({
          Unrecognized: ({ reason }) => Effect.fail(unauthorized(reason, "invalid_token")),
          Unverifiable: ({ reason }) => Effect.fail(new Refused({ status: 503, message: reason })),
        }),
      )
      return caller.scopes.has(scopes.base) ? caller : yield* insufficient(caller, scopes.base)
    }),
    insufficient,
  })
}
