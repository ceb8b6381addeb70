/** The gate of an endpoint: over a file of tokens, an issuer of them, or both. */
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { Gate } from "./Gate.ts"
import type { IssuerOptions } from "./issuer.ts"
import { metadataUrl } from "./protectedResource.ts"
import { makeTokenFile, type TokenFileOptions } from "./tokenFile.ts"
import type { Verifier } from "./Verifier.ts"
import { type GateOptions, type Scopes, verifyingGate } from "./verifyingGate.ts"

export type TokenFile = Omit<TokenFileOptions, "base" | "scopes">
export type Issuer = Pick<IssuerOptions, "issuer" | "jwks" | "resource">

const gate = <E, R>(
  verifiers: Effect.Effect<readonly [Verifier, ...ReadonlyArray<Verifier>], E, R>,
  options: Omit<GateOptions, "verifiers">,
) =>
  Layer.effect(
    Gate,
    Effect.map(verifiers, (verifiers) => verifyingGate({ ...options, verifiers })),
  )

const ofFile = (file: TokenFile, scopes: Scopes) => makeTokenFile({ ...file, scopes: scopes.all, base: scopes.base })

/** `jose` is loaded for servers with an issuer only. */
const ofIssuer = (issuer: Issuer, scopes: Scopes) =>
  Effect.promise(() => import("./issuer.ts")).pipe(
    Effect.flatMap(({ makeIssuer }) => makeIssuer({ ...issuer, scopes: scopes.all })),
    Effect.provide(FetchHttpClient.layer),
  )

/** Tokens of a file. Fails if the file cannot be used. */
export const layerTokenFile = (file: TokenFile, scopes: Scopes) =>
  gate(
    Effect.map(ofFile(file, scopes), (verifier) => [verifier] as const),
    { scopes },
  )

/** Tokens of an issuer, at which clients log in. */
export const layerIssuer = (issuer: Issuer, scopes: Scopes) =>
  gate(
    Effect.map(ofIssuer(issuer, scopes), (verifier) => [verifier] as const),
    { scopes, metadata: metadataUrl(issuer.resource) },
  )

/** Both: a file of tokens serves callers that cannot log in. It comes first, because it is a comparison and no signature. */
export const layerIssuerAndTokenFile = (issuer: Issuer, file: TokenFile, scopes: Scopes) =>
  gate(Effect.all([ofFile(file, scopes), ofIssuer(issuer, scopes)]), {
    scopes,
    metadata: metadataUrl(issuer.resource),
  })
