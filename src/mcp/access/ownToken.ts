/** A token that the server makes for its own user, in a file that holds nothing else, so that clients can be pointed to it. */
import { Effect, FileSystem, Path, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import { createFile } from "../../machine/atomicWrite.ts"

/** 256 bits. */
const newToken = () => randomBytes(32).toString("base64url")

/**
 * Makes the file, with a new token, unless it exists. Two servers that start at once end up with the same file. Returns whether
 * it was made.
 */
export const ensureOwnToken = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  if (yield* fs.exists(file)) return false
  yield* fs.makeDirectory(path.dirname(file), { recursive: true, mode: 0o700 })
  return yield* createFile(file, `${newToken()}\n`)
})

/** The first token of a token file, for a client of this user, and whether the file holds nothing else. Undefined if there is none. */
export const firstToken = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const content = yield* fs.readFileString(file)
  const [, token] = /^\s*([^\s#]\S*)/mu.exec(content) ?? []
  return token === undefined ? undefined : { token: Redacted.make(token), isAlone: content.trim() === token }
})
