/** The JSON files of a directory of which each process writes its own. */
import { Effect, FileSystem, Option, Path, Schema } from "effect"

/** Those that can be decoded, with the path of each; none if there is no such directory. Hidden files are drafts. */
export const readJsonFiles = Effect.fnUntraced(function* <A extends object>(
  directory: string,
  schema: Schema.Codec<A, string>,
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = yield* fs.readDirectory(directory).pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))
  const decode = Schema.decodeEffect(schema)
  const read = yield* Effect.forEach(
    names.filter((name) => name.endsWith(".json") && !name.startsWith(".")).toSorted(),
    (name) => {
      const file = path.join(directory, name)
      return fs.readFileString(file).pipe(
        Effect.flatMap(decode),
        Effect.map((content) => ({ ...content, file })),
        Effect.option,
      )
    },
  )
  return read.flatMap(Option.toArray)
})
