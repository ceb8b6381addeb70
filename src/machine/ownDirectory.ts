/** Directories of this user below `~/.cache/opencode-fleet`. */
import { lstat, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { homeDirectory } from "./homeDirectory.ts"

/** Undefined without a home directory. */
export const cacheDirectory = (name: string): string | undefined => {
  const home = homeDirectory()
  return home === undefined ? undefined : join(home, ".cache", "opencode-fleet", name)
}

/** Creates the directory for this user alone. Fails if it may belong to another user. */
export const ensureOwn = async (directory: string) => {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const found = await lstat(directory)
  if (!found.isDirectory()) throw new Error("it is not a directory")
  const uid = process.getuid?.()
  if (uid !== undefined && found.uid !== uid) throw new Error("it belongs to another user")
}
