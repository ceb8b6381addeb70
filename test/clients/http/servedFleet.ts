/** One server over HTTP for all clients, which a file of tokens guards. */
import { Effect, FileSystem, Path } from "effect"
import type { Relay } from "../../support/Executable.ts"
import { serveHttp } from "../../support/HttpServed.ts"

export interface Served {
  readonly port: number
  readonly token: string
  readonly tokenFile: string
  /** What the server has said on stderr. */
  readonly stderr: Effect.Effect<string>
}

export const serveFleet = Effect.fnUntraced(function* (relay: Relay) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const token = `token-of-a-test-${crypto.randomUUID()}`
  const tokenFile = path.join(relay.home, "tokens")
  yield* fs.writeFileString(tokenFile, `${token}\n`, { mode: 0o600 })
  const { port, stderr } = yield* serveHttp(relay, { args: ["--token-file", tokenFile] })
  return { port, token, tokenFile, stderr } satisfies Served as Served
})
