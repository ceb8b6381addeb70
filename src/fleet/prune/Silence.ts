/**
 * The time since which each registration has been silent. `prune` stores it between its runs, in `silence.json` of the
 * state directory. Only `prune` writes this file; if it is lost or broken, every silence starts again.
 */
import { DateTime, Effect, FileSystem, Path, type PlatformError, Schema } from "effect"
import { replaceFile } from "../../machine/atomicWrite.ts"
import { failureText } from "../../machine/fileError.ts"

/** Epoch milliseconds by the path of the registration. */
export type Silence = ReadonlyMap<string, number>

const none: Silence = new Map()

const SilenceJson = Schema.fromJsonString(Schema.Record(Schema.String, Schema.DateTimeUtcFromString))

const encode = Schema.encodeEffect(SilenceJson)
const decode = Schema.decodeEffect(SilenceJson)

const fileIn = (directory: string) => Effect.map(Path.Path, (path) => path.join(directory, "silence.json"))

/** Reads the file in the state directory. A file that cannot be used is logged as a warning. */
export const read = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  const file = yield* fileIn(directory)
  const startOver = (error: PlatformError.PlatformError | Schema.SchemaError) =>
    Effect.as(Effect.logWarning(`${file} cannot be used, so every silence starts now: ${failureText(error)}`), none)
  return yield* fs.readFileString(file).pipe(
    Effect.flatMap(decode),
    Effect.map((notes): Silence => new Map(Object.entries(notes).map(([key, time]) => [key, time.epochMilliseconds]))),
    Effect.catchTags({
      PlatformError: (error) => (error.reason._tag === "NotFound" ? Effect.succeed(none) : startOver(error)),
      SchemaError: startOver,
    }),
  )
})

/** Replaces the file in the state directory. A failure is logged as a warning. */
export const write = Effect.fnUntraced(
  function* (directory: string, silence: Silence) {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fileIn(directory)
    const text = yield* encode(Object.fromEntries([...silence].map(([key, time]) => [key, DateTime.makeUnsafe(time)])))
    yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })
    yield* replaceFile(file, text)
  },
  Effect.catch((error) => Effect.logWarning(`the silence of the instances could not be stored: ${failureText(error)}`)),
)
