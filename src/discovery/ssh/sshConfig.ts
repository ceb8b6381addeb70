/** The `Host` entries of the user's ssh configuration, with those of the files that it includes. */
import { Effect, FileSystem, Path, type PlatformError, Schema, Stream } from "effect"
import { glob } from "node:fs/promises"
import { fileErrorText, mayPass } from "../../machine/fileError.ts"
import type { Problem } from "../Discovery.ts"

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

export interface ConfiguredHosts {
  /** In the order of the file, without duplicates. */
  readonly hosts: ReadonlyArray<string>
  /** Files that exist and cannot be read, for example because too many files are open, so that hosts may be missing. */
  readonly problems: ReadonlyArray<Problem>
}

const hasWildcard = (text: string) => /[*?[]/u.test(text)

/** The hosts that the file names. A missing file names none. Blocks of `Match` are ignored, since they name no host. */
export const configuredHosts = Effect.fnUntraced(function* (file: string, home: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = new Set<string>()
  const problems: Array<Problem> = []

  const note = (source: string) => (error: PlatformError.PlatformError) =>
    Effect.sync(() => {
      if (mayPass(error)) problems.push({ source, reason: `cannot be read: ${fileErrorText(error)}` })
    })

  /** `glob` finds nothing in a directory that it cannot read. */
  const checkDirectory = (pattern: string) => {
    const parts = pattern.split(path.sep)
    const directory = parts.slice(0, parts.findIndex(hasWildcard)).join(path.sep) || path.sep
    return Effect.catch(Effect.asVoid(fs.readDirectory(directory)), note(directory))
  }

  /** ssh reads relative paths in the directory of the user's configuration. */
  const included = (pattern: string) => {
    const expanded = pattern.startsWith("~/")
      ? path.join(home, pattern.slice(2))
      : path.resolve(path.dirname(file), pattern)
    if (!hasWildcard(expanded)) return Effect.succeed([expanded])
    return Stream.fromAsyncIterable(glob(expanded), (cause) => new NotGlobbed({ cause })).pipe(
      Stream.runCollect,
      Effect.map((files) => files.toSorted()),
      Effect.orElseSucceed((): ReadonlyArray<string> => []),
      Effect.tap((files) => (files.length === 0 ? checkDirectory(expanded) : Effect.void)),
    )
  }

  const read = (current: string, depth: number): Effect.Effect<void> =>
    Effect.gen(function* () {
      const content = yield* Effect.catch(fs.readFileString(current), (error) => Effect.as(note(current)(error), ""))
      for (const text of content.split(/\r?\n/u)) {
        const [keyword, ...words] = wordsOf(text)
        if (keyword === "host") for (const name of words.filter(isName)) names.add(name)
        if (keyword !== "include" || depth >= maxIncludeDepth) continue
        for (const pattern of words) for (const each of yield* included(pattern)) yield* read(each, depth + 1)
      }
    })
  yield* read(file, 0)
  const found: ConfiguredHosts = { hosts: [...names], problems }
  return found
})
