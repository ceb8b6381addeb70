/** The `Host` entries of the user's ssh configuration, with those of the files that it includes. */
import { Effect, FileSystem, Path, Schema, Stream } from "effect"
import { glob } from "node:fs/promises"

/** As in ssh. */
const maxIncludeDepth = 16

/** The words of a line, as ssh splits them: a word may be quoted, and the first may be followed by `=`. */
const wordsOf = (text: string): ReadonlyArray<string> => {
  const [, keyword, rest = ""] = /^\s*([^\s=#"]+)(?:\s*=\s*|\s+)(.*)$/u.exec(text) ?? []
  if (keyword === undefined) return []
  const words = rest.matchAll(/"([^"]*)"|([^\s"#][^\s"]*)|#.*/gu)
  return [keyword.toLowerCase(), ...[...words].flatMap(([, quoted, plain]) => quoted ?? plain ?? [])]
}

/** A pattern or an exclusion matches hosts, but names none. */
const isName = (word: string) => !/^!|[*?]/u.test(word)

class NotGlobbed extends Schema.TaggedError<NotGlobbed>()("NotGlobbed", { cause: Schema.Defect() }) {}

/**
 * The names of hosts in the file, in its order and without duplicates. A file that cannot be read has none, because ssh
 * reports that itself. Blocks of `Match` are ignored, since they name no host.
 */
export const configuredHosts = Effect.fnUntraced(function* (file: string, home: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = new Set<string>()

  /** ssh reads relative paths in the directory of the user's configuration. */
  const included = (pattern: string) => {
    const expanded = pattern.startsWith("~/")
      ? path.join(home, pattern.slice(2))
      : path.resolve(path.dirname(file), pattern)
    return Stream.fromAsyncIterable(glob(expanded), (cause) => new NotGlobbed({ cause })).pipe(
      Stream.runCollect,
      Effect.map((files) => files.toSorted()),
      Effect.orElseSucceed((): ReadonlyArray<string> => []),
    )
  }

  const read = (current: string, depth: number): Effect.Effect<void> =>
    Effect.gen(function* () {
      const content = yield* Effect.orElseSucceed(fs.readFileString(current), () => "")
      for (const text of content.split(/\r?\n/u)) {
        const [keyword, ...words] = wordsOf(text)
        if (keyword === "host") for (const name of words.filter(isName)) names.add(name)
        if (keyword !== "include" || depth >= maxIncludeDepth) continue
        for (const pattern of words) for (const each of yield* included(pattern)) yield* read(each, depth + 1)
      }
    })
  yield* read(file, 0)
  const hosts: ReadonlyArray<string> = [...names]
  return hosts
})
