/**
 * Callers by a file of tokens. It is read again when it has changed, so an edit counts at the next request. A file that cannot be
 * used refuses every token: it never falls back to what it held before.
 */
import { ByteSize, Clock, Effect, FileSystem, Option, Path, Redacted, Schema } from "effect"
import { FileCache } from "../../machine/FileCache.ts"
import { fileErrorText } from "../../machine/fileError.ts"
import { CurrentUser, exposure, weakDirectory } from "../../machine/StrictModes.ts"
import { makeReporter } from "./reporter.ts"
import { callerOf, type Grant, readTokens, type TokenListOptions } from "./tokenList.ts"
import { Unrecognized, Unverifiable, type Verifier } from "./Verifier.ts"

/** The file cannot be used. Shows nothing of its content. */
export class TokenFileUnusable extends Schema.TaggedError<TokenFileUnusable>()("TokenFileUnusable", {
  file: Schema.String,
  reason: Schema.String,
}) {
  override get message() {
    return `The token file ${this.file} cannot be used: ${this.reason}`
  }
}

export interface TokenFileOptions extends TokenListOptions {
  readonly file: string
}

/** Thousands of tokens. */
const maxFileSize = ByteSize.kibibytes(256)

/** A file on a hung mount is never read. */
const patience = "3 seconds"

/** Reads the file if it has changed. Fails if it, or a directory that leads to it, is not the user's alone. */
const makeReader = Effect.fnUntraced(function* ({ file, ...options }: TokenFileOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const user = yield* CurrentUser
  const cache = new FileCache<ReadonlyArray<Grant>>()
  const unusable = (reason: string) => Effect.fail(new TokenFileUnusable({ file, reason }))

  /** A link can be replaced where it is, and its target where that is. */
  const weakParent = Effect.fnUntraced(
    function* () {
      const directories = new Set([path.dirname(file), path.dirname(yield* fs.realPath(file))])
      const found = yield* Effect.forEach(directories, (directory) => weakDirectory(directory, user))
      return Option.firstSomeOf(found)
    },
    Effect.provideService(FileSystem.FileSystem, fs),
    Effect.provideService(Path.Path, path),
  )

  return Effect.gen(function* () {
    const info = yield* fs.stat(file)
    // Its mode must not be changed, which is what the next problem suggests.
    if (info.type !== "File") return yield* unusable("it is not a regular file")
    const exposed = exposure(info, user)
    if (Option.isSome(exposed)) return yield* unusable(`it ${exposed.value}`)
    const known = cache.get(file, info)
    if (known !== undefined) return known
    if (ByteSize.isGreaterThan(info.size, maxFileSize)) return yield* unusable("it is larger than 256 KiB")
    const weak = yield* weakParent()
    if (Option.isSome(weak)) return yield* unusable(weak.value)
    const grants = yield* Effect.mapError(
      Effect.fromResult(readTokens(yield* fs.readFileString(file), options)),
      ({ message }) => new TokenFileUnusable({ file, reason: message }),
    )
    cache.set(file, info, yield* Clock.currentTimeMillis, grants)
    return grants
  }).pipe(
    Effect.catchTag("PlatformError", (error) => unusable(fileErrorText(error))),
    Effect.timeoutOrElse({ duration: patience, orElse: () => unusable("it cannot be read in time") }),
  )
})

/** Fails if the file cannot be used at the start. Later the same is logged, and refuses every token. */
export const makeTokenFile = Effect.fnUntraced(function* (options: TokenFileOptions) {
  const read = yield* makeReader(options)
  yield* read
  const reporter = yield* makeReporter
  const grants = read.pipe(
    Effect.tap(reporter.works),
    Effect.tapError(({ message }) => reporter.failed(`${message}. Every token is refused until it can be used.`)),
    Effect.mapError(() => new Unverifiable({ reason: "Tokens cannot be checked: the server's log says why." })),
  )
  const verify: Verifier = Effect.fnUntraced(function* (token) {
    const caller = callerOf(yield* grants, Redacted.value(token))
    return caller ?? (yield* new Unrecognized({ reason: "The token is not known here." }))
  })
  return verify
})
