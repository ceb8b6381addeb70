/**
 * Writes registrations into the relay directory of this machine and takes them out again: only those that this process
 * has put there. Nothing is written through a link, and nothing of somebody else's is replaced.
 */
import { Clock, Effect, FileSystem, Option, Path, type PlatformError, Schema } from "effect"
import { line, plainLine } from "../../text/plainText.ts"
import { truncate } from "../../text/truncate.ts"
import { linkUnlessExists as link, withDraft } from "../../machine/atomicWrite.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { ConnectState, type Registration, RegistrationJson } from "./Registration.ts"

/** The relay directory does not take a registration. */
export class RegistrationFailed extends Schema.TaggedError<RegistrationFailed>()("RegistrationFailed", {
  directory: Schema.String,
  detail: Schema.String,
}) {
  override get message() {
    return `No registration can be written to ${this.directory}: ${this.detail}`
  }
}

/** A registration that this process keeps. */
export interface Kept {
  /** The name that was free. */
  readonly name: string
  readonly file: string
  /**
   * Replaces the file's content at once; readers see the old one or the new one. A file that is missing comes back, and
   * it fails if the file is somebody else's by now.
   */
  readonly write: (registration: Registration) => Effect.Effect<void, RegistrationFailed>
  /** Whether the file is still there, and this process's. */
  readonly present: Effect.Effect<boolean>
}

/** UTF-16 units, each at most three bytes in a file name: what is put around it has to fit into 255 bytes, too. */
const longestFileName = 60

/** Nothing that a path or a shell gives a meaning to, and short enough for every file system. */
export const fileNameOf = (name: string): string => {
  const safe = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-").replaceAll(/^[-.]+|[-.]+$/gu, "")
  return safe === "" ? "instance" : truncate(safe, longestFileName)
}

/** Milliseconds: nobody needs so long to replace a registration. */
const abandoned = 60_000

/** Instances of one name in one directory: more are not counted, they are an error in a loop somewhere. */
const mostOfOneName = 1000

const decode = Schema.decodeUnknownEffect(RegistrationJson)
const encode = Schema.encodeEffect(RegistrationJson)
const connectState = Schema.decodeUnknownOption(ConnectState)

const refusedBy =
  (directory: string) =>
  ({ message }: { readonly message: string }) =>
    Effect.fail(new RegistrationFailed({ directory, detail: line(message) }))

/** Makes the directory, for this user alone, unless it is there; fails if nothing can be written into it. */
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
 * Takes the registration's name in the relay directory for as long as the scope lives, or the first free one of `name-2`,
 * `name-3`, …
 */
export const keep = Effect.fnUntraced(function* (directory: string, wanted: Registration) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const machine = yield* LocalMachine
  const refused = refusedBy(directory)
  const orRefused = <A, R>(
    effect: Effect.Effect<A, RegistrationFailed | PlatformError.PlatformError | Schema.SchemaError, R>,
  ) => Effect.catchTags(effect, { PlatformError: refused, SchemaError: refused })

  /** What the file announces; none for a link, whose target is somebody else's. */
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

  /** Of the process that the file announces nothing is left; or, of the same opencode, nothing of who announced it. */
  const isDead = ({ birth, connect, cwd, hostname, localPort, pid, port }: Registration) =>
    hostname === machine.hostname &&
    cwd === (wanted.cwd === undefined ? undefined : plainLine(wanted.cwd)) &&
    localPort === undefined &&
    (pid === undefined
      ? port === wanted.port && Option.exists(connectState(connect), (keeper) => !machine.isAlive(keeper.pid))
      : !machine.isAlive(pid, birth))

  /** Of several that find the same dead one only who has the right to it may replace it, and only while it is there. */
  const replaceDead = Effect.fnUntraced(function* (draft: string, file: string) {
    const dead = Option.filter(yield* read(file), isDead)
    if (Option.isNone(dead)) return false
    const { pid } = dead.value
    const right = `${file}.${pid}.taken`
    if (!(yield* link(draft, right))) {
      // Who had the right was killed on the way; the next one finds it free.
      const since = yield* Effect.map(fs.stat(right), ({ mtime }) =>
        Option.getOrElse(Option.map(mtime, Number), () => 0),
      )
      if ((yield* Clock.currentTimeMillis) - since > abandoned) yield* Effect.ignore(fs.remove(right))
      return false
    }
    return yield* read(file).pipe(
      Effect.map(Option.exists((now) => isDead(now) && now.pid === pid)),
      Effect.tap((still) => (still ? fs.rename(right, file) : Effect.void)),
      Effect.ensuring(Effect.ignore(fs.remove(right, { force: true }))),
    )
  })

  /** Takes a name, with a file of its own; a long name's file holds only its beginning. */
  const take = Effect.fnUntraced(function* (suffix: string) {
    const name = `${wanted.name}${suffix}`
    const file = path.join(directory, `${fileNameOf(wanted.name)}${suffix}.json`)
    const taken = yield* drafted({ ...wanted, name }, (draft) =>
      Effect.flatMap(link(draft, file), (free) => (free ? Effect.succeed(true) : replaceDead(draft, file))),
    )
    return taken ? Option.some({ name, file }) : Option.none()
  })

  const takeFirst = Effect.gen(function* () {
    yield* makeRelayDirectory(directory)
    for (let count = 1; count <= mostOfOneName; count++) {
      const taken = yield* take(count === 1 ? "" : `-${count}`)
      if (Option.isSome(taken)) return taken.value
    }
    return yield* new RegistrationFailed({ directory, detail: `there are ${mostOfOneName} of the name ${wanted.name}` })
  })

  const isOurs = ({ pid, port }: Registration) => port === wanted.port && pid === wanted.pid
  const present = (file: string) => Effect.map(read(file), Option.exists(isOurs))

  const { file, name } = yield* Effect.acquireRelease(orRefused(takeFirst), ({ file }) =>
    Effect.flatMap(present(file), (ours) => (ours ? Effect.ignore(fs.remove(file)) : Effect.void)),
  )
  const putBack = (draft: string) =>
    Effect.flatMap(link(draft, file), (free) =>
      free ? Effect.void : refused({ message: `${file} is somebody else's by now, and this instance is not listed` }),
    )
  return {
    name,
    file,
    write: (registration) =>
      orRefused(
        drafted({ ...registration, name }, (draft) =>
          Effect.flatMap(present(file), (ours) => (ours ? fs.rename(draft, file) : putBack(draft))),
        ),
      ).pipe(
        Effect.provideService(FileSystem.FileSystem, fs),
        Effect.provideService(Path.Path, path),
        Effect.uninterruptible,
      ),
    present: present(file),
  } satisfies Kept as Kept
})
