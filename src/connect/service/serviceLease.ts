/**
 * All `connect` processes of a user share one opencode 2 service, and one of them keeps its tunnel to a relay, or announces it in
 * a database: the one with the lease, a file in the state directory. The others wait until it ends. The file of a relay also holds
 * the state of the tunnel.
 */
import { Effect, FileSystem, Hash, Option, Path, Schedule, Schema } from "effect"
import { fileNameOf } from "../../discovery/relay/RegistrationFiles.ts"
import { ConnectState } from "../../discovery/relay/Registration.ts"
import { createFile, replaceFile } from "../../machine/atomicWrite.ts"
import { readJsonFiles } from "../../machine/jsonFiles.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"

/** The content of the file. */
const ServiceLease = Schema.Struct({
  /** The name under which the service is announced. */
  name: Schema.String,
  ...ConnectState.fields,
  /** Distinguishes the process `pid` from later ones with the same id. */
  birth: Schema.optionalKey(Schema.String),
})
type ServiceLease = typeof ServiceLease.Type

const ServiceLeaseJson = Schema.fromJsonString(ServiceLease)
const decode = Schema.decodeEffect(ServiceLeaseJson)
const encode = Schema.encodeEffect(ServiceLeaseJson)

/** How often a waiting process checks whether the lease is free. */
const retryEvery = "2 seconds"

/** What a lease is for: the tunnel to a relay, or the row in a database. */
type LeaseKind = "relays" | "registries"

/** The file of a lease at a relay or database. `name`: leases of different names are held at the same time. */
export const leaseFile = (name: string, place: string): string =>
  `${fileNameOf(name)}-${(Hash.string(place) >>> 0).toString(16).padStart(8, "0")}.json`

const directoryIn = (stateDirectory: string, kind: LeaseKind) =>
  Effect.map(Path.Path, (path) => path.join(stateDirectory, "connect", kind))

const readLease = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readFileString(file).pipe(Effect.flatMap(decode), Effect.option)
})

export interface LeaseOptions {
  /** Absolute path of the state directory. */
  readonly stateDirectory: string
  readonly kind: LeaseKind
  /** From {@link leaseFile}. */
  readonly file: string
  readonly holder: Pick<ServiceLease, "name" | "pid" | "log">
  /** Logs that another process has the lease; undefined if its file cannot be read. */
  readonly onWait: (other: ServiceLease | undefined) => Effect.Effect<void>
}

/** Whether the process with the lease is running. */
export const isHeld = Effect.fnUntraced(function* ({ birth, pid }: ServiceLease) {
  return (yield* LocalMachine).isAlive(pid, birth)
})

/**
 * Waits for the lease, and holds it until the scope closes. Returns `write`, which stores the tunnel's state. Fails if the
 * state directory cannot be written.
 */
export const takeLease = Effect.fnUntraced(function* ({
  holder,
  kind,
  onWait,
  stateDirectory,
  ...options
}: LeaseOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* directoryIn(stateDirectory, kind)
  const file = path.join(directory, options.file)
  const birth = (yield* LocalMachine).birthOf(holder.pid)
  const lease: ServiceLease = { ...holder, ...(birth === undefined ? {} : { birth }) }
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
    yield* onWait(Option.getOrUndefined(yield* readLease(file)))
    yield* Effect.repeat(takeAtLast, { until: (taken) => taken, schedule: Schedule.spaced(retryEvery) })
  }
  return {
    write: (state: Pick<ConnectState, "tunnel">) =>
      Effect.flatMap(encode({ ...lease, ...state }), (text) => replaceFile(file, text)),
  }
})

/** The leases of relays in the state directory, with the path of each file. Files that cannot be read are left out. */
export const readLeases = (stateDirectory: string) =>
  Effect.flatMap(directoryIn(stateDirectory, "relays"), (directory) => readJsonFiles(directory, ServiceLeaseJson))
