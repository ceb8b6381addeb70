/**
 * A small OAuth issuer on a port of its own: metadata, keys, registration of clients, a login that approves by itself
 * (authorization code with PKCE), tokens that only their `resource` takes, and refresh tokens that work once.
 */
import { Effect, type Scope } from "effect"
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose"
import { createHash, randomUUID } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { listening } from "./loopback.ts"

interface Login {
  readonly challenge: string
  readonly resource: string
  readonly scope: string
}

type Grant = Omit<Login, "challenge">

export type Claims = { readonly [Name in keyof JWTPayload]: JWTPayload[Name] | undefined }

export interface Issuer {
  readonly url: string
  /** Signs a token of `ada`. The claims given replace the usual ones, or leave them out. */
  readonly token: (claims: Claims, signed?: { readonly key?: CryptoKey; readonly kid?: string }) => Promise<string>
  /** Signs with a new key from now on. */
  readonly rotate: () => Promise<void>
  /** How often the keys were asked for. */
  readonly keyRequests: () => number
  /** The scopes that each login asked for. */
  readonly logins: ReadonlyArray<string>
  /** Gives a refresh token with each token from now on. With one, clients of SDK 1 do not log in again for more scopes. */
  readonly giveRefreshTokens: () => void
  /** How often a token was refreshed. */
  readonly refreshes: () => number
  /** Tokens are valid for so many seconds from now on. Default: 600. */
  readonly validFor: (seconds: number) => void
  /** Answers everything with this status from now on. */
  readonly answerWith: (status: number | undefined) => void
}

const alg = "ES256"

const bodyOf = async (request: IncomingMessage) => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

const send = (response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) => {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))
}

/** What works once. */
const taken = <A>(from: Map<string, A>, key: string | null) => {
  const found = from.get(key ?? "")
  from.delete(key ?? "")
  return found
}

const makeIssuer = async (url: string) => {
  const keys = new Map<string, { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey }>()
  const codes = new Map<string, Login>()
  const grants = new Map<string, Grant>()
  const logins: Array<string> = []
  let [kid, requests, refreshes, lifetime, isRefreshable] = ["", 0, 0, 600, false]
  let failing: number | undefined

  const rotate = async () => {
    kid = randomUUID()
    keys.clear()
    keys.set(kid, await generateKeyPair(alg))
  }
  await rotate()

  const token: Issuer["token"] = (claims, { key = keys.get(kid)?.privateKey, kid: id = kid } = {}) => {
    const now = Math.floor(Date.now() / 1000)
    if (key === undefined) throw new Error("the issuer has no key")
    const all = { iss: url, sub: "ada", iat: now, exp: now + lifetime, ...claims }
    return new SignJWT(JSON.parse(JSON.stringify(all))).setProtectedHeader({ alg, kid: id }).sign(key)
  }

  const metadata = {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    registration_endpoint: `${url}/register`,
    jwks_uri: `${url}/keys`,
    response_types_supported: ["code"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none"],
    scopes_supported: ["fleet:read", "fleet:send", "fleet:decide"],
  }

  const authorize = (query: URLSearchParams, response: ServerResponse) => {
    const code = randomUUID()
    const scope = query.get("scope") ?? ""
    logins.push(scope)
    codes.set(code, { challenge: query.get("code_challenge") ?? "", resource: query.get("resource") ?? "", scope })
    const back = new URL(query.get("redirect_uri") ?? "")
    back.search = new URLSearchParams({ code, state: query.get("state") ?? "", iss: url }).toString()
    send(response, 302, {}, { location: back.href })
  }

  const grant = async ({ resource, scope }: Grant, response: ServerResponse) => {
    const access_token = await token({ aud: resource, scope })
    const answer = { access_token, token_type: "Bearer", expires_in: lifetime, scope }
    if (!isRefreshable) return send(response, 200, answer)
    const refresh_token = randomUUID()
    grants.set(refresh_token, { resource, scope })
    return send(response, 200, { ...answer, refresh_token })
  }

  const redeem = async (form: URLSearchParams, response: ServerResponse) => {
    if (form.get("grant_type") === "refresh_token") {
      const known = taken(grants, form.get("refresh_token"))
      if (known === undefined) return send(response, 400, { error: "invalid_grant" })
      refreshes++
      return grant(known, response)
    }
    const login = taken(codes, form.get("code"))
    const proof = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url")
    if (login === undefined || proof !== login.challenge) return send(response, 400, { error: "invalid_grant" })
    return grant(login, response)
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", url)
    if (failing !== undefined) return send(response, failing, {})
    switch (pathname) {
      case "/.well-known/oauth-authorization-server":
        return send(response, 200, metadata)
      case "/keys": {
        requests++
        const jwks = Array.from(keys, async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid, alg }))
        return send(response, 200, { keys: await Promise.all(jwks) })
      }
      case "/register":
        return send(response, 201, { ...JSON.parse(await bodyOf(request)), client_id: randomUUID() })
      case "/authorize":
        return authorize(searchParams, response)
      case "/token":
        return redeem(new URLSearchParams(await bodyOf(request)), response)
      default:
        return send(response, 404, {})
    }
  }
  const issuer: Issuer = {
    url,
    token,
    rotate,
    keyRequests: () => requests,
    logins,
    giveRefreshTokens: () => {
      isRefreshable = true
    },
    refreshes: () => refreshes,
    validFor: (seconds) => {
      lifetime = seconds
    },
    answerWith: (status) => {
      failing = status
    },
  }
  return { issuer, answer }
}

export const startIssuer: Effect.Effect<Issuer, never, Scope.Scope> = Effect.gen(function* () {
  const server = createServer()
  const port = yield* listening(server)
  const { answer, issuer } = yield* Effect.promise(() => makeIssuer(`http://127.0.0.1:${port}`))
  server.on("request", (request, response) => void answer(request, response))
  return issuer
})
