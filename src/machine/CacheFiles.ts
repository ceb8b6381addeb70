/**
 * Small files that outlive this process, below `~/.cache/opencode-fleet`. What they hold can be found out again, so a file that
 * cannot be read counts as absent, and one that cannot be written is not written.
 */
import { Context, Effect, Layer } from "effect"
import { constants } from "node:fs"
import { open, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { cacheDirectory, ensureOwn } from "./ownDirectory.ts"

export interface CacheFilesValues {
  /** Undefined if there is no file of this user's own. */
  readonly read: (name: string) => Effect.Effect<string | undefined>
  /** Replaces the file. A reader sees the old content or the new one. */
  readonly write: (name: string, content: string) => Effect.Effect<void>
}

/** Default: none. The layers of fleets provide those of this user. */
export const CacheFiles = Context.Reference<CacheFilesValues>("opencode-fleet/machine/CacheFiles", {
  defaultValue: () => ({ read: () => Effect.undefined, write: () => Effect.void }),
})

/** Far above what is written, so a longer file is not ours. */
const maxBytes = 1024 * 1024

/** A directory on a hung mount never answers. */
const maxWait = "3 seconds"

/** No link is followed, and a named pipe or a device is not waited for. */
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

const readOwn = async (file: string) => {
  const handle = await open(file, readFlags)
  try {
    const found = await handle.stat()
    const isOwn = process.getuid === undefined || found.uid === process.getuid()
    return found.isFile() && isOwn && found.size <= maxBytes ? await handle.readFile("utf8") : undefined
  } finally {
    await handle.close()
  }
}

/** Not `replaceFile`, which removes its draft uninterruptibly: on a hung mount, nothing could give it up. */
const replace = async (directory: string, name: string, content: string) => {
  await ensureOwn(directory)
  const draft = join(directory, `.${name}.${crypto.randomUUID()}.new`)
  try {
    await writeFile(draft, content, { flag: "wx", mode: 0o600 })
    await rename(draft, join(directory, name))
  } finally {
    await rm(draft, { force: true })
  }
}

export const cacheFilesIn = (directory: string): CacheFilesValues => ({
  read: (name) =>
    Effect.tryPromise(() => readOwn(join(directory, name))).pipe(
      Effect.timeout(maxWait),
      Effect.orElseSucceed(() => undefined),
    ),
  write: (name, content) =>
    Effect.tryPromise(() => replace(directory, name, content)).pipe(
      Effect.timeout(maxWait),
      Effect.ignore({ log: "Debug", message: `the cache ${name} was not written` }),
    ),
})

/** The files of this user, in `~/.cache/opencode-fleet/sessions`. */
export const machineCache = Layer.sync(CacheFiles, () => {
  const directory = cacheDirectory("sessions")
  return directory === undefined ? CacheFiles.defaultValue() : cacheFilesIn(directory)
})
