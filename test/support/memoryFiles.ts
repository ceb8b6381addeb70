/** Files of this user that last as long as the value. */
import { Effect } from "effect"
import type { CacheFilesValues } from "../../src/machine/CacheFiles.ts"

export const makeMemoryFiles = (
  contents = new Map<string, string>(),
): CacheFilesValues & { readonly contents: Map<string, string> } => ({
  contents,
  read: (name) => Effect.sync(() => contents.get(name)),
  write: (name, content) => Effect.sync(() => void contents.set(name, content)),
})
