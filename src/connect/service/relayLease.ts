/**
 * All `connect` processes of a user share one opencode 2 service, and one of them keeps its tunnel to a relay, or announces it in
 * a database: the one with the lease, a file in the state directory. The others wait until it ends. The file of a relay also holds
 * the state of the tunnel.
 */
import { Effect, FileSystem, Hash, Option, Path, Schedule, Schema } from "effect"
import { fileNameOf } from "../../discovery/relay/RegistrationFiles.ts"
import { ConnectState } from "../../discovery/relay/Registration.ts"
import { createFile, replaceFile } from "../../machine/atomicWrite.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { line } from "../../text/plainText.ts"

/** The content of the file. */
const RelayLease = Schema.Struct({
  /** The name of the service on the relay. */
  name: Schema.String,
  ...ConnectState.fields,
  /** Distinguishes the process `pid` from later ones with the same id. */
  birth: Schema.optionalKey(Schema.String),
})
type RelayLease = typeof RelayLease.Type

const RelayLeaseJson = Schema.fromJsonString(RelayLease)
const decode = Schema.decodeEffect(RelayLeaseJson)
const encode = Schema.encodeEffect(RelayLeaseJson)

/** How often a waiting process checks whether the lease is free. */
const retryEvery = "2 seconds"

const directoryIn = (stateDirectory: string, kind: "relays" | "registries") =>
  Effect.map(Path.Path, (path) => path.join(stateDirectory, "connect", kind))

const readLease = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readFileString(file).pipe(Effect.flatMap(decode), Effect.option)
})

export interface LeaseOptions {
  /** Absolute path of the state directory. */
  readonly stateDirectory: string
  /**
   * A relay, by its command and its directory, has a lease for each name: there the names are registrations of their own. A
   * database has one, because the service has one row there.
   */
  readonly place: { readonly relay: string } | { readonly registry: string }
  readonly holder: Pick<RelayLease, "name" | "pid" | "log">
}

/** Whether the process with the lease is running. */
export const isHeld = Effect.fnUntraced(function* ({ birth, pid }: RelayLease) {
  return (yield* LocalMachine).isAlive(pid, birth)
})

/**
 * Waits for the lease, and holds it until the scope closes. Returns `write`, which stores the tunnel's state. Fails if the
 * state directory cannot be written.
 */
export const takeLease = Effect.fnUntraced(function* ({ holder, place, stateDirectory }: LeaseOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const isRelay = "relay" in place
  const directory = yield* directoryIn(stateDirectory, isRelay ? "relays" : "registries")
  const hash = (Hash.string(isRelay ? place.relay : place.registry) >>> 0).toString(16).padStart(8, "0")
  const file = path.join(directory, `${isRelay ? fileNameOf(holder.name) : "service"}-${hash}.json`)
  const birth = (yield* LocalMachine).birthOf(holder.pid)
  const lease: RelayLease = { ...holder, ...(birth === undefined ? {} : { birth }) }
  const json = yield* encode(lease)
  yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })

  const isOurs = Effect.map(
    readLease(file),
    Option.exists((now) => now.pid === lease.pid && now.birth === lease.birth),
  )
  /** A file that cannot be read belongs to no process. */
  const removeStale = Effect.gen(function* () {
    const now = yield* readLease(file)
    if (Option.isSome(now) && (yield* isHeld(now.value))) return
    yield* fs.remove(file, { force: true })
  })
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(isOurs, (ours) => (ours ? Effect.ignore(fs.remove(file)) : Effect.void)),
  )
  const take = Effect.uninterruptible(createFile(file, json))
  const takeAtLast = Effect.gen(function* () {
    if (yield* take) return true
    yield* removeStale
    return yield* take
  })
  if (!(yield* takeAtLast)) {
    const before = Option.getOrUndefined(yield* readLease(file))
    yield* isRelay || before === undefined || before.name === holder.name
      ? Effect.logInfo(
          `another \`connect\` of this machine ${isRelay ? "keeps the tunnel to this relay" : "announces the service in this database"}; waiting until it ends`,
        )
      : Effect.logWarning(
          `opencode's service is announced as ${line(before.name)} by another \`connect\` of this machine (process ${before.pid}); it is announced as ${holder.name} when that one ends`,
        )
    yield* Effect.repeat(takeAtLast, { until: (taken) => taken, schedule: Schedule.spaced(retryEvery) })
  }
  return {
    write: (state: Pick<ConnectState, "tunnel">) =>
      Effect.flatMap(encode({ ...lease, ...state }), (text) => replaceFile(file, text)),
  }
})

/** The leases of relays in the state directory, with the path of each file. Files that cannot be read are left out. */
export const readLeases = Effect.fnUntraced(function* (stateDirectory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* directoryIn(stateDirectory, "relays")
  const names = yield* fs.readDirectory(directory).pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))
  const files = names.filter((name) => name.endsWith(".json") && !name.startsWith(".")).toSorted()
  const leases = yield* Effect.forEach(files, (name) => {
    const file = path.join(directory, name)
    return Effect.map(
      readLease(file),
      Option.map((lease) => ({ ...lease, file })),
    )
  })
  return leases.flatMap(Option.toArray)
})
