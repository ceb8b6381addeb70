/** Whom `serve --http` lets in: the gate that its flags ask for, and what is said about it at the start. */
import { Effect, type FileSystem, Layer, Option, Path } from "effect"
import type { HttpRouter } from "effect/http"
import {
  type Issuer,
  layerIssuer,
  layerIssuerAndTokenFile,
  layerTokenFile,
  type TokenFile,
} from "../../mcp/access/access.ts"
import { Gate } from "../../mcp/access/Gate.ts"
import { isTrustworthy } from "../../mcp/access/issuerMetadata.ts"
import { ensureOwnToken } from "../../mcp/access/ownToken.ts"
import { metadataRoutes, metadataUrl } from "../../mcp/access/protectedResource.ts"
import type { TokenFileUnusable } from "../../mcp/access/tokenFile.ts"
import { mcpPath } from "../../mcp/http/mcpPath.ts"
import { serverInfo } from "../../serverInfo.ts"
import { ownTokenFile } from "../../settings/directories.ts"
import { Settings } from "../../Settings.ts"
import { fleetScopes, gateScopes, loginScopes } from "../../tools/scopes.ts"
import { isLoopbackHost } from "../../text/loopback.ts"
import { defaultUrl } from "../clients/endpointUrl.ts"
import { defaultAddress, type ListenAddress } from "../arguments/listenAddress.ts"
import { exitStatus, failedBecause, failedWith } from "../process/exitStatus.ts"
import type { AccessInput } from "./accessFlags.ts"
import type { ServerAccess } from "./runningServers.ts"

interface HttpAccess {
  readonly access: ServerAccess
  readonly gate: Layer.Layer<Gate, TokenFileUnusable, FileSystem.FileSystem | Path.Path>
  /** What the endpoint says about itself to clients that want to log in. */
  readonly routes: Layer.Layer<never, never, HttpRouter.HttpRouter>
  /** For a person who has started the server: a line, or two. */
  readonly notes: (url: string) => ReadonlyArray<string>
}

const usage = (reason: string) => failedBecause(reason, exitStatus.usage)

const issuerOf = Effect.fnUntraced(function* ({ issuer, jwks }: AccessInput, publicUrl: Option.Option<URL>) {
  if (Option.isNone(issuer)) {
    return Option.isSome(jwks) ? yield* usage("--jwks needs --issuer, whose keys these are.") : undefined
  }
  if (Option.isNone(publicUrl)) {
    return yield* usage(
      "--issuer needs --public-url: tokens are issued for the URL under which clients reach the server.",
    )
  }
  for (const url of [new URL(issuer.value), ...Option.toArray(jwks)]) {
    if (!isTrustworthy(url))
      return yield* usage(`${url.href} must be an https URL, because tokens are checked with its keys.`)
  }
  const { origin, pathname } = publicUrl.value
  const resource = `${origin}${pathname.replace(/\/$/u, "")}${mcpPath}`
  return { issuer: issuer.value, jwks: Option.getOrUndefined(jwks), resource } satisfies Issuer
})

const open: HttpAccess = {
  access: { kind: "open" },
  gate: Gate.layerOpen(fleetScopes),
  routes: Layer.empty,
  notes: () => ["Without a token: every program and user of this machine can control the agents (--no-auth)."],
}

/** On this machine, the server makes a token for its own user. */
const own = Effect.gen(function* () {
  const file = ownTokenFile((yield* Settings).stateDirectory)
  yield* Effect.mapError(ensureOwnToken(file), failedWith)
  return {
    access: { kind: "own" },
    gate: layerTokenFile({ file, unnamed: "this user" }, gateScopes),
    routes: Layer.empty,
    notes: (url) => [
      `The token is in ${file}.`,
      `Configure a client: opencode-fleet config CLIENT --http${url === defaultUrl ? "" : ` ${url}`}`,
    ],
  } satisfies HttpAccess
})

const ofTokens = (file: TokenFile): HttpAccess => ({
  access: { kind: "file", file: file.file },
  gate: layerTokenFile(file, gateScopes),
  routes: Layer.empty,
  notes: () => [`The tokens are in ${file.file}.`],
})

const ofIssuer = (issuer: Issuer, file: TokenFile | undefined): HttpAccess => ({
  access: { kind: "login", url: issuer.resource },
  gate: file === undefined ? layerIssuer(issuer, gateScopes) : layerIssuerAndTokenFile(issuer, file, gateScopes),
  routes: metadataRoutes({ ...issuer, scopes: loginScopes, title: serverInfo.title }, mcpPath),
  notes: () => [
    `Clients log in at ${issuer.issuer}${file === undefined ? "." : `, or have a token of ${file.file}.`}`,
    ...(new URL(issuer.resource).pathname === mcpPath
      ? []
      : [`The proxy must pass ${metadataUrl(issuer.resource)} on, too, with its whole path.`]),
  ],
})

/** Fails if the flags contradict each other, or would let everybody in. */
export const httpAccess = Effect.fnUntraced(function* (
  input: AccessInput,
  { host }: ListenAddress,
  publicUrl: Option.Option<URL>,
) {
  const path = yield* Path.Path
  const issuer = yield* issuerOf(input, publicUrl)
  const file = Option.getOrUndefined(Option.map(input.tokenFile, (file) => ({ file: path.resolve(file) })))
  if (input.noAuth && (issuer !== undefined || file !== undefined)) {
    return yield* usage("--no-auth lets everybody in, so it cannot be used with --token-file or --issuer.")
  }
  if (issuer !== undefined) return ofIssuer(issuer, file)
  if (file !== undefined) return ofTokens(file)
  if (!isLoopbackHost(host)) {
    return yield* failedBecause(
      `serve --http listens on ${host} only with --token-file or --issuer, because everyone who can reach it could control the agents. Without them it listens on ${defaultAddress.host}.`,
    )
  }
  return input.noAuth ? open : yield* own
})
