/** A small JSON file of the state directory, with what has to outlive a restart. */
import { Effect, FileSystem, Path, type PlatformError, Schema, Semaphore } from "effect"
import { replaceFile } from "../machine/atomicWrite.ts"
import { failureText } from "../machine/fileError.ts"
import { digest } from "../text/digest.ts"

/** A file name that depends on a text that may be private, such as a URL. */
export const stateNameOf = (kind: string, text: string) => `${kind}-${digest(text).toString("hex").slice(0, 16)}`

export const stateFileOf = (directory: string, kind: string, text: string) =>
  Effect.map(Path.Path, (path) => path.join(directory, `${stateNameOf(kind, text)}.json`))

/** Reads the content once; empty if there is no usable file. A failure is logged as a warning with its consequence. */
export const openStateFile = Effect.fnUntraced(function* <A>(
  file: string,
  item: Schema.Codec<A, string | ReadonlyArray<string>>,
  consequence: string,
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const Items = Schema.fromJsonString(Schema.Array(item))
  const warn = (error: PlatformError.PlatformError | Schema.SchemaError) =>
    Effect.logWarning(`${file} cannot be used, so ${consequence}: ${failureText(error)}`)
  const initial = yield* fs.readFileString(file).pipe(
    Effect.flatMap(Schema.decodeEffect(Items)),
    Effect.catchTags({
      PlatformError: (error) => (error.reason._tag === "NotFound" ? Effect.succeed([]) : Effect.as(warn(error), [])),
      SchemaError: (error) => Effect.as(warn(error), []),
    }),
  )
  const lock = yield* Semaphore.make(1)
  /** Reads the items when it is their turn to be written. */
  const write = (items: () => ReadonlyArray<A>) =>
    Effect.gen(function* () {
      const text = yield* Schema.encodeEffect(Items)(items())
      yield* fs.makeDirectory(path.dirname(file), { recursive: true, mode: 0o700 })
      yield* replaceFile(file, text)
    }).pipe(
      Effect.catch(warn),
      Effect.provideService(FileSystem.FileSystem, fs),
      Effect.provideService(Path.Path, path),
      lock.withPermits(1),
      Effect.uninterruptible,
    )
  return { initial, write }
})
