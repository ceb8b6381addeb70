/**
 * Callers by the tokens of an OAuth issuer (JWTs), which this server accepts as a resource server. Clients log in at the issuer;
 * nothing here issues a token. Loads `jose`, so only a server with an issuer should load this module.
 */
import { Cache, Clock, Duration, Effect, Exit, Redacted, Schema } from "effect"
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from "jose"
import type { Caller } from "./Gate.ts"
import { IssuerFailed, keyAddressOf } from "./issuerMetadata.ts"
import { makeReporter } from "./reporter.ts"
import { Unrecognized, Unverifiable, type Verifier } from "./Verifier.ts"

export interface IssuerOptions {
  /** The issuer's URL, exactly as its tokens and its metadata have it. */
  readonly issuer: string
  /** The address of its keys. Default: what its metadata says. */
  readonly jwks?: URL | undefined
  /** The URL of this endpoint, for which tokens must be issued. */
  readonly resource: string
  /** The scopes of this server. Others that a token has are ignored. */
  readonly scopes: ReadonlyArray<string>
  /** How long no keys are fetched after a fetch, which each token with an unknown key asks for. */
  readonly cooldown?: Duration.Input | undefined
}

/** Signatures by a private key. `none` and shared secrets are not among them. */
const algorithms = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split(" ")

/** jose's own 30 s would refuse the first tokens under a new key for that long. */
const defaultCooldown = Duration.seconds(5)

const Words = Schema.Union([Schema.String, Schema.Array(Schema.String)])

/** Issuers differ in `scope` (RFC 9068) and `scp`, and in text and list. */
const Claims = Schema.Struct({
  iss: Schema.String,
  sub: Schema.optionalKey(Schema.String),
  client_id: Schema.optionalKey(Schema.String),
  azp: Schema.optionalKey(Schema.String),
  scope: Schema.optionalKey(Words),
  scp: Schema.optionalKey(Words),
  cnf: Schema.optionalKey(Schema.Unknown),
})
const decodeClaims = Schema.decodeUnknownEffect(Claims)

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

const wordsOf = (words: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  typeof words === "string" ? words.split(" ") : (words ?? [])

const unrecognized = (reason: string) => new Unrecognized({ reason })

const callerOf = Effect.fnUntraced(
  function* (payload: JWTPayload, known: ReadonlyArray<string>) {
    const { azp, client_id, cnf, iss, scope, scp, sub = client_id ?? azp } = yield* decodeClaims(payload)
    if (sub === undefined) return yield* unrecognized("The token does not say whose it is.")
    // A proof of the key would have to be checked; without it, a stolen token would do.
    if (cnf !== undefined) return yield* unrecognized("The token is bound to a key, which this server cannot check.")
    const given = new Set([...wordsOf(scope), ...wordsOf(scp)])
    const scopes = new Set(known.filter((scope) => given.has(scope)))
    return { subject: `${iss} ${sub}`, scopes, stepsUp: true } satisfies Caller
  },
  Effect.catchTag("SchemaError", () => Effect.fail(unrecognized("The token's claims cannot be read."))),
)

/** What the client may know about a token that was refused. */
const refusal = (error: unknown, { issuer, resource }: IssuerOptions): Unrecognized => {
  if (error instanceof errors.JWTExpired) return unrecognized("The token has expired.")
  if (!(error instanceof errors.JWTClaimValidationFailed)) return unrecognized("The token is not valid.")
  if (error.reason === "missing") return unrecognized(`The token lacks the claim ${error.claim}.`)
  if (error.claim === "iss") return unrecognized(`The token is not from ${issuer}.`)
  return unrecognized(error.claim === "aud" ? `The token is not for ${resource}.` : "The token is not valid yet.")
}

/** The keys could not be had, or not be understood: it says nothing about the token. */
const isAboutKeys = (error: unknown) =>
  !(error instanceof errors.JOSEError) ||
  error instanceof errors.JWKSTimeout ||
  error instanceof errors.JWKSInvalid ||
  error.code === errors.JOSEError.code

/** Finds the issuer's keys at the first token. A failure holds for a moment, so that tokens cannot make it ask all the time. */
const makeKeys = ({ cooldown = defaultCooldown, issuer, jwks }: IssuerOptions) =>
  Effect.map(
    Cache.makeWith(
      () =>
        Effect.map(jwks === undefined ? keyAddressOf(issuer) : Effect.succeed(jwks), (url) =>
          createRemoteJWKSet(url, { cooldownDuration: Duration.toMillis(Duration.fromInputUnsafe(cooldown)) }),
        ),
      { capacity: 1, timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.infinity : cooldown) },
    ),
    (cache) => Cache.get(cache, "keys"),
  )

export const makeIssuer = Effect.fnUntraced(function* (options: IssuerOptions) {
  const { issuer, resource, scopes } = options
  const getKeys = yield* makeKeys(options)
  const reporter = yield* makeReporter
  const unverifiable = ({ message }: IssuerFailed) =>
    Effect.andThen(
      reporter.failed(message),
      Effect.fail(new Unverifiable({ reason: "Tokens cannot be checked: their issuer does not answer." })),
    )
  const verifyWith = (keys: JWTVerifyGetKey, token: Redacted.Redacted, currentDate: Date) =>
    Effect.tryPromise({
      try: () =>
        jwtVerify(Redacted.value(token), keys, {
          algorithms,
          audience: resource,
          currentDate,
          issuer,
          requiredClaims: ["exp"],
        }),
      catch: (error) =>
        isAboutKeys(error)
          ? new IssuerFailed({ issuer, reason: `its keys cannot be fetched (${messageOf(error)})` })
          : refusal(error, options),
    })

  const verify: Verifier = (token) =>
    Effect.gen(function* () {
      const currentDate = new Date(yield* Clock.currentTimeMillis)
      const { payload } = yield* verifyWith(yield* getKeys, token, currentDate)
      yield* reporter.works
      return yield* callerOf(payload, scopes)
    }).pipe(Effect.catchTag("IssuerFailed", unverifiable))
  return verify
})
