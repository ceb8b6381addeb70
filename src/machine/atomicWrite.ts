/**
 * Writes files atomically: a reader sees the old content or the new one, never a mixture. The content is written to a draft in
 * the same directory (mode 0600, created anew, so no link is followed), and the draft is then moved or linked into place.
 */
import { Effect, FileSystem, Path, type PlatformError, Random } from "effect"

/** The draft is hidden and has another file extension, so that readers of the directory skip it. */
const draftOf = Effect.fnUntraced(function* (file: string) {
  const path = yield* Path.Path
  const suffix = (yield* Random.nextIntBetween(0, 0x7f_ff_ff_ff)).toString(36)
  return path.join(path.dirname(file), `.${path.basename(file)}.${suffix}.new`)
})

/** Runs `use` with a draft that holds `content`. The draft is removed afterwards, unless `use` has moved it. */
export const withDraft = Effect.fnUntraced(function* <A, E, R>(
  file: string,
  content: string,
  use: (draft: string) => Effect.Effect<A, E, R>,
): Effect.fn.Return<A, E | PlatformError.PlatformError, R | FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.acquireUseRelease(
    draftOf(file),
    (draft) => Effect.andThen(fs.writeFileString(draft, content, { flag: "wx", mode: 0o600 }), use(draft)),
    (draft) => Effect.ignore(fs.remove(draft, { force: true })),
  )
})

/** Links `from` to `to`. Succeeds with false, and changes nothing, if `to` exists. */
export const linkUnlessExists = Effect.fnUntraced(function* (from: string, to: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.link(from, to).pipe(
    Effect.as(true),
    Effect.catchIf(
      ({ reason }) => reason._tag === "AlreadyExists",
      () => Effect.succeed(false),
    ),
  )
})

/** Creates the file, or replaces it. The file's mode becomes 0600. */
export const replaceFile = Effect.fnUntraced(function* (file: string, content: string) {
  const fs = yield* FileSystem.FileSystem
  yield* withDraft(file, content, (draft) => fs.rename(draft, file))
})

/** Creates the file with mode 0600. Succeeds with false, and changes nothing, if it exists. */
export const createFile = (file: string, content: string) =>
  withDraft(file, content, (draft) => linkUnlessExists(draft, file))
