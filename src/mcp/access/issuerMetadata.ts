/** Finds the address of an issuer's keys in its metadata (RFC 8414, OpenID Connect Discovery). */
import { Effect, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"
import { isLoopbackHost } from "../../text/loopback.ts"

/** The issuer's metadata or keys cannot be fetched. */
export class IssuerFailed extends Schema.TaggedError<IssuerFailed>()("IssuerFailed", {
  issuer: Schema.String,
  reason: Schema.String,
}) {
  override get message() {
    return `The tokens of ${this.issuer} cannot be checked: ${this.reason}`
  }
}

const timeout = "5 seconds"

/** A plain connection can be changed on its way, and other keys put in. Within this machine it is safe. */
export const isTrustworthy = ({ hostname, protocol }: URL): boolean =>
  protocol === "https:" || (protocol === "http:" && isLoopbackHost(hostname))

const Metadata = Schema.Struct({ issuer: Schema.String, jwks_uri: Schema.URLFromString })

/** In the order in which MCP clients look there. */
const placesOf = (issuer: string): ReadonlyArray<string> => {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/u, "")
  const places = ["oauth-authorization-server", "openid-configuration"].map(
    (name) => `${origin}/.well-known/${name}${path}`,
  )
  return path === "" ? places : [...places, `${origin}${path}/.well-known/openid-configuration`]
}

/** The address of the issuer's keys. */
export const keyAddressOf = Effect.fnUntraced(function* (issuer: string) {
  const client = yield* HttpClient.HttpClient
  const failed = (reason: string) => new IssuerFailed({ issuer, reason })
  const ask = (place: string) =>
    client.get(place).pipe(
      Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
      Effect.flatMap(HttpClientResponse.filterStatusOk),
      Effect.flatMap(HttpClientResponse.schemaBodyJson(Metadata)),
      Effect.scoped,
      Effect.mapError(() => failed("it answers at none of the addresses of its metadata")),
      Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(failed("it does not answer in time")) }),
    )
  const metadata = yield* Effect.firstSuccessOf(placesOf(issuer).map(ask))
  if (metadata.issuer !== issuer) return yield* failed(`it calls itself ${metadata.issuer}, which must be equal`)
  if (!isTrustworthy(metadata.jwks_uri)) return yield* failed("its keys are not served over HTTPS")
  return metadata.jwks_uri
})
