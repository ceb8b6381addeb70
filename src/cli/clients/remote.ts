/** The server over HTTP that a client is told of, and where its token comes from. */
import { Effect, Option, Path } from "effect"
import { ensureOwnToken, firstToken } from "../../mcp/access/ownToken.ts"
import { makeTokenFile } from "../../mcp/access/tokenFile.ts"
import { ownTokenFile } from "../../settings/directories.ts"
import { Settings } from "../../Settings.ts"
import { baseScope, fleetScopes } from "../../tools/scopes.ts"
import { leadsTo, runningServers } from "../server/runningServers.ts"
import { defaultAddress } from "../arguments/listenAddress.ts"
import { failedBecause, failedWith } from "../process/exitStatus.ts"
import { defaultUrl, isLocal } from "./endpointUrl.ts"
import type { Remote, TokenSource } from "./httpConfigurations.ts"

const fromFile = Effect.fnUntraced(function* (file: string) {
  yield* makeTokenFile({ file, scopes: fleetScopes, base: baseScope })
  const first = yield* firstToken(file)
  return first === undefined
    ? yield* failedBecause(`${file} holds no token.`)
    : ({ kind: "file", file, ...first } satisfies TokenSource)
}, Effect.mapError(failedWith))

/** The token of this user's own server is made here, too, so the client can be told before the server was started. */
const own = Effect.gen(function* () {
  const file = ownTokenFile((yield* Settings).stateDirectory)
  const isNew = yield* Effect.mapError(ensureOwnToken(file), failedWith)
  return { source: yield* fromFile(file), newTokenFile: isNew ? file : undefined }
})

export interface RemoteInput {
  readonly url: Option.Option<string>
  readonly login: boolean
  readonly tokenFile: Option.Option<string>
}

/** What else the user must know. */
export interface RemoteNews {
  /** Further servers of this user on this machine, if it was not said which one is meant. */
  readonly others: ReadonlyArray<string>
  /** Whether it was not said which server is meant, and none is running. */
  readonly isExpected: boolean
  /** Where a token was made, because there was none. */
  readonly newTokenFile: string | undefined
}

/** The server that a client is told of: if no URL says so, the one at the usual address, or else the newest that is running. */
const serverOf = Effect.fnUntraced(function* (url: Option.Option<string>) {
  const running = yield* runningServers((yield* Settings).stateDirectory)
  if (Option.isSome(url)) {
    const port = Number(new URL(url.value).port)
    const meant = isLocal(url.value) ? running.find((one) => leadsTo(one.url, port)) : undefined
    return { url: url.value, access: meant?.access, others: [], isExpected: false }
  }
  const chosen = running.find((one) => leadsTo(one.url, defaultAddress.port)) ?? running[0]
  const others = running.filter((one) => one !== chosen)
  return {
    url: chosen?.url ?? defaultUrl,
    access: chosen?.access,
    others: others.map((other) => other.url),
    isExpected: chosen === undefined,
  }
})

/** This user's token is for the server of this machine, and never sent to another one unless the user says so. */
export const remoteOf = Effect.fnUntraced(function* ({ login, tokenFile, url }: RemoteInput) {
  const { access, isExpected, others, url: address } = yield* serverOf(url)
  const remote = (source: TokenSource, newTokenFile?: string): Remote & RemoteNews => ({
    url: address,
    source,
    others,
    isExpected,
    newTokenFile,
  })
  if (login) return remote({ kind: "login" })
  if (Option.isSome(tokenFile)) return remote(yield* fromFile((yield* Path.Path).resolve(tokenFile.value)))
  if (access?.kind === "login") return { ...remote({ kind: "login" }), url: access.url }
  if (access?.kind === "file") return remote(yield* fromFile(access.file))
  if (!isLocal(address)) return remote({ kind: "variable" })
  const { newTokenFile, source } = yield* own
  return remote(source, newTokenFile)
})
