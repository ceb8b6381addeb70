/** What the endpoint says about itself to clients that want to log in (RFC 9728). */
import { HttpRouter, HttpServerResponse } from "effect/http"

export interface ProtectedResource {
  /** The URL of the endpoint, exactly as clients use it. Tokens are issued for it. */
  readonly resource: string
  readonly issuer: string
  /** What a client should ask for when it logs in: some, such as Claude Code, ask for these whatever the challenge says. */
  readonly scopes: ReadonlyArray<string>
  /** For the person who logs in. */
  readonly title: string
}

const wellKnown = "/.well-known/oauth-protected-resource"

const metadataPath = (resource: string): `/${string}` => {
  const path = new URL(resource).pathname.replace(/\/$/u, "")
  return `${wellKnown}${path}`
}

export const metadataUrl = (resource: string): string => `${new URL(resource).origin}${metadataPath(resource)}`

/**
 * Serves the metadata where a challenge points to, and where clients look without one. The endpoint's own path is served, too,
 * for a proxy that puts another one in front of it.
 */
export const metadataRoutes = ({ issuer, resource, scopes, title }: ProtectedResource, endpointPath: `/${string}`) => {
  const metadata = HttpServerResponse.jsonUnsafe({
    resource,
    authorization_servers: [issuer],
    scopes_supported: scopes,
    bearer_methods_supported: ["header"],
    resource_name: title,
  })
  const paths = new Set([metadataPath(resource), `${wellKnown}${endpointPath}` as const, wellKnown] as const)
  return HttpRouter.addAll(Array.from(paths, (path) => HttpRouter.route("GET", path, metadata)))
}
