/** One server over HTTP for all clients, which a file of tokens guards, and servers at which clients log in. */
import { Effect, FileSystem, Path } from "effect"
import type { Relay } from "../../support/Executable.ts"
import { makeFrontDoor } from "../../support/frontDoor.ts"
import { serveHttp } from "../../support/HttpServed.ts"
import { startIssuer } from "../../support/Issuer.ts"

export interface Served {
  readonly port: number
  readonly token: string
  readonly tokenFile: string
  /** What the server has said on stderr. */
  readonly stderr: Effect.Effect<string>
  /** A further server for one client, at whose issuer it logs in. */
  readonly serveWithLogin: ReturnType<typeof serveWithLogin>
}

/** Tokens are issued for one address, so each client has a server of its own behind its proxy. */
const serveWithLogin = (relay: Relay) =>
  Effect.gen(function* () {
    const issuer = yield* startIssuer
    issuer.giveRefreshTokens()
    const front = yield* makeFrontDoor
    const args = ["--issuer", issuer.url, "--public-url", front.url.origin]
    const { port } = yield* serveHttp(relay, { args })
    return { port, front, issuer }
  })

export const serveFleet = Effect.fnUntraced(function* (relay: Relay) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const token = `token-of-a-test-${crypto.randomUUID()}`
  const tokenFile = path.join(relay.home, "tokens")
  yield* fs.writeFileString(tokenFile, `${token}\n`, { mode: 0o600 })
  const { port, stderr } = yield* serveHttp(relay, { args: ["--token-file", tokenFile] })
  return { port, token, tokenFile, stderr, serveWithLogin: serveWithLogin(relay) } satisfies Served as Served
})
