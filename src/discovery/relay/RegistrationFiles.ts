/**
 * Writes registration files into this machine's relay directory, and removes the ones that this process has written. It never
 * writes through a link, and never replaces another program's file.
 */
import { Clock, Effect, FileSystem, Option, Path, PlatformError, Schema } from "effect"
import { plainLine } from "../../text/plainText.ts"
import { truncate } from "../../text/truncate.ts"
import { linkUnlessExists as link, withDraft } from "../../machine/atomicWrite.ts"
import { failureText } from "../../machine/fileError.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { ConnectState, type Registration, RegistrationJson } from "./Registration.ts"

/** A registration could not be written into the relay directory. */
export class RegistrationFailed extends Schema.TaggedError<RegistrationFailed>()("RegistrationFailed", {
  directory: Schema.String,
  detail: Schema.String,
}) {
  override get message() {
    return `No registration can be written to ${this.directory}: ${this.detail}`
  }
}

/** A registration file that this process maintains. */
export interface KeptRegistration {
  /** The registered name, which may have a suffix such as `-2`. */
  readonly name: string
  readonly file: string
  /** Replaces the file atomically, and recreates a missing one. Fails if another program owns the file by now. */
  readonly write: (registration: Registration) => Effect.Effect<void, RegistrationFailed>
  /** Whether the file still exists and belongs to this process. */
  readonly isPresent: Effect.Effect<boolean>
}

/** In UTF-16 units of at most three bytes. With prefixes and suffixes a file name must fit into 255 bytes. */
const maxFileNameLength = 60

/** The name without characters that are special in paths or shells, and short enough for every file system. */
export const fileNameOf = (name: string): string => {
  const safe = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-").replaceAll(/^[-.]+|[-.]+$/gu, "")
  return safe === "" ? "instance" : truncate(safe, maxFileNameLength)
}

/** Milliseconds after which a lock is stale, because replacing a registration takes far less. */
const staleLockAge = 60_000

/** Maximum number of instances with the same name. More suggest a program in a loop. */
const maxSameName = 1000

const decode = Schema.decodeUnknownEffect(RegistrationJson)
const encode = Schema.encodeEffect(RegistrationJson)
const connectState = Schema.decodeUnknownOption(ConnectState)

const refusedBy = (directory: string) => (error: { readonly message: string } | PlatformError.PlatformError) =>
  Effect.fail(
    new RegistrationFailed({
      directory,
      detail: failureText(error),
    }),
  )

/** Creates the directory with mode 0700 unless it exists. Fails if it is not writable. */
export const makeRelayDirectory = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  yield* fs
    .makeDirectory(directory, { recursive: true, mode: 0o700 })
    .pipe(
      Effect.andThen(fs.access(directory, { writable: true })),
      Effect.catchTag("PlatformError", refusedBy(directory)),
    )
})

/**
 * Registers an instance until the scope closes, under its name or the first available one of `name-2`, `name-3`, …
 */
export const register = Effect.fnUntraced(function* (directory: string, wanted: Registration) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const machine = yield* LocalMachine
  const refused = refusedBy(directory)
  const orRefused = <A, R>(
    effect: Effect.Effect<A, RegistrationFailed | PlatformError.PlatformError | Schema.SchemaError, R>,
  ) => Effect.catchTags(effect, { PlatformError: refused, SchemaError: refused })

  /** The registration in the file. None for a link, whose target belongs to another program. */
  const read = (file: string) =>
    fs.lstat(file).pipe(
      Effect.flatMap(({ type }) => (type === "File" ? fs.readFileString(file) : Effect.succeed(""))),
      Effect.flatMap(decode),
      Effect.option,
    )

  const drafted = <A, E, R>(registration: Registration, use: (draft: string) => Effect.Effect<A, E, R>) =>
    Effect.flatMap(encode(registration), (json) =>
      withDraft(path.join(directory, fileNameOf(registration.name)), `${json}\n`, use),
    )

  /** Whether the registered process has exited, or, for the same opencode, the `connect` that registered it. */
  const isStale = ({ birth, connect, cwd, hostname, localPort, pid, port }: Registration) =>
    hostname === machine.hostname &&
    cwd === (wanted.cwd === undefined ? undefined : plainLine(wanted.cwd)) &&
    localPort === undefined &&
    (pid === undefined
      ? port === wanted.port && Option.exists(connectState(connect), (keeper) => !machine.isAlive(keeper.pid))
      : !machine.isAlive(pid, birth))

  /** Replaces a stale registration. A lock file lets only one of several processes do so, and only while the file is stale. */
  const replaceStale = Effect.fnUntraced(function* (draft: string, file: string) {
    const stale = Option.filter(yield* read(file), isStale)
    if (Option.isNone(stale)) return false
    const { pid } = stale.value
    const lock = `${file}.${pid}.taken`
    if (!(yield* link(draft, lock))) {
      // The process that held the lock was killed; the next attempt succeeds.
      const lockedAt = yield* Effect.map(fs.stat(lock), ({ mtime }) =>
        Option.getOrElse(Option.map(mtime, Number), () => 0),
      )
      if ((yield* Clock.currentTimeMillis) - lockedAt > staleLockAge) yield* Effect.ignore(fs.remove(lock))
      return false
    }
    return yield* read(file).pipe(
      Effect.map(Option.exists((now) => isStale(now) && now.pid === pid)),
      Effect.tap((isStillStale) => (isStillStale ? fs.rename(lock, file) : Effect.void)),
      Effect.ensuring(Effect.ignore(fs.remove(lock, { force: true }))),
    )
  })

  /** Claims a name by creating its file. A file name holds only the beginning of a long name. */
  const take = Effect.fnUntraced(function* (suffix: string) {
    const name = `${wanted.name}${suffix}`
    const file = path.join(directory, `${fileNameOf(wanted.name)}${suffix}.json`)
    const taken = yield* drafted({ ...wanted, name }, (draft) =>
      Effect.flatMap(link(draft, file), (free) => (free ? Effect.succeed(true) : replaceStale(draft, file))),
    )
    return taken ? Option.some({ name, file }) : Option.none()
  })

  const takeFirst = Effect.gen(function* () {
    yield* makeRelayDirectory(directory)
    for (let count = 1; count <= maxSameName; count++) {
      const taken = yield* take(count === 1 ? "" : `-${count}`)
      if (Option.isSome(taken)) return taken.value
    }
    return yield* new RegistrationFailed({
      directory,
      detail: `there are already ${maxSameName} registrations named ${wanted.name}`,
    })
  })

  const isOurs = ({ pid, port }: Registration) => port === wanted.port && pid === wanted.pid
  const isPresent = (file: string) => Effect.map(read(file), Option.exists(isOurs))

  const { file, name } = yield* Effect.acquireRelease(orRefused(takeFirst), ({ file }) =>
    Effect.flatMap(isPresent(file), (ours) => (ours ? Effect.ignore(fs.remove(file)) : Effect.void)),
  )
  const putBack = (draft: string) =>
    Effect.flatMap(link(draft, file), (free) =>
      free ? Effect.void : refused({ message: `another program has replaced ${file}, so this instance is not listed` }),
    )
  return {
    name,
    file,
    write: (registration) =>
      orRefused(
        drafted({ ...registration, name }, (draft) =>
          Effect.flatMap(isPresent(file), (ours) => (ours ? fs.rename(draft, file) : putBack(draft))),
        ),
      ).pipe(
        Effect.provideService(FileSystem.FileSystem, fs),
        Effect.provideService(Path.Path, path),
        Effect.uninterruptible,
      ),
    isPresent: isPresent(file),
  } satisfies KeptRegistration as KeptRegistration
})
