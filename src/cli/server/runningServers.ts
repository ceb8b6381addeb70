/**
 * The servers over HTTP that this user is running on this machine. Each leaves a file in the state directory while it listens,
 * so that `doctor` and `config CLIENT --http` find it at any address. The files hold no secret.
 */
import { Clock, Effect, FileSystem, Path, Schema } from "effect"
import { loopbackOf, urlOf } from "../../discovery/address.ts"
import { replaceFile } from "../../machine/atomicWrite.ts"
import { failureText } from "../../machine/fileError.ts"
import { readJsonFiles } from "../../machine/jsonFiles.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { mcpPath } from "../../mcp/http/mcpPath.ts"
import { isLoopbackHost } from "../../text/loopback.ts"
import type { ListenAddress } from "../arguments/listenAddress.ts"

/** How a server authenticates its callers: with its user's own token, those of a file, a login for its public URL, or not at all. */
const ServerAccess = Schema.Union([
  Schema.Struct({ kind: Schema.Literals(["own", "open"]) }),
  Schema.Struct({ kind: Schema.Literal("login"), url: Schema.String }),
  Schema.Struct({ kind: Schema.Literal("file"), file: Schema.String }),
])
export type ServerAccess = typeof ServerAccess.Type

const RunningServer = Schema.Struct({
  /** Where this machine reaches its endpoint. */
  url: Schema.String,
  access: Schema.optionalKey(ServerAccess),
  pid: Schema.Int,
  /** Distinguishes the process `pid` from later ones with the same id. */
  birth: Schema.optionalKey(Schema.String),
  /** When it began to listen, in epoch milliseconds. */
  since: Schema.Finite,
})
export type RunningServer = typeof RunningServer.Type

const Json = Schema.fromJsonString(RunningServer)

/** Of a server that listens on all addresses, one of them. */
export const localUrl = ({ host, port }: ListenAddress): string => {
  const [address = host] = host === "::" ? ["::1"] : host === "localhost" ? [host] : (loopbackOf(host) ?? [])
  return `${urlOf(address, port)}${mcpPath}`
}

/** Whether a URL leads to a port of this machine, under any of its names. */
export const leadsTo = (url: string, port: number): boolean => {
  const parsed = new URL(url)
  return parsed.port === String(port) && isLoopbackHost(parsed.hostname)
}

const directoryIn = (stateDirectory: string) => Effect.map(Path.Path, (path) => path.join(stateDirectory, "http"))

/** Also of servers that were killed. */
const readAll = (stateDirectory: string) =>
  Effect.flatMap(directoryIn(stateDirectory), (directory) => readJsonFiles(directory, Json))

/** The servers whose process is running, the newest first. */
export const runningServers = Effect.fnUntraced(function* (stateDirectory: string) {
  const { isAlive } = yield* LocalMachine
  const servers = yield* readAll(stateDirectory)
  return servers.filter(({ birth, pid }) => isAlive(pid, birth)).toSorted((one, other) => other.since - one.since)
})

/** Makes the server known until the scope closes. A state directory that cannot be written is no reason not to serve. */
export const announceServer = Effect.fnUntraced(function* (
  stateDirectory: string,
  address: ListenAddress,
  access: ServerAccess,
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { birthOf, isAlive } = yield* LocalMachine
  const directory = yield* directoryIn(stateDirectory)
  const { pid } = process
  const birth = birthOf(pid)
  const file = path.join(directory, `${pid}.json`)
  yield* Effect.addFinalizer(() => Effect.ignore(fs.remove(file, { force: true })))
  yield* Effect.gen(function* () {
    const since = yield* Clock.currentTimeMillis
    const server = { url: localUrl(address), access, pid, ...(birth === undefined ? {} : { birth }), since }
    const text = yield* Schema.encodeEffect(Json)(server)
    yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })
    yield* replaceFile(file, text)
    const killed = (yield* readAll(stateDirectory)).filter(({ birth, pid }) => !isAlive(pid, birth))
    yield* Effect.forEach(killed, (one) => Effect.ignore(fs.remove(one.file, { force: true })), { discard: true })
  }).pipe(
    Effect.catch((error) =>
      Effect.logWarning(
        `doctor and config cannot find this server, because ${file} is not written: ${failureText(error)}`,
      ),
    ),
  )
})
