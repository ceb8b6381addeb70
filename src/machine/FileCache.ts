/**
 * Caches a value per file until the file changes. Reading a thousand registrations takes longer than probing a hundred
 * instances, and a token file is looked at with every request.
 */
import { type FileSystem, Option } from "effect"
import { fileStamp } from "./fileStamp.ts"

interface Entry<A> {
  readonly stamp: string
  readonly value: A
}

/** Milliseconds. A file that changed more recently may change again within the same modification time. */
const settledAfter = 2000

export class FileCache<A> {
  readonly #entries = new Map<string, Entry<A>>()

  /** The cached value, if the file is unchanged. */
  get(file: string, info: FileSystem.File.Info): A | undefined {
    const entry = this.#entries.get(file)
    return entry?.stamp === fileStamp(info) ? entry.value : undefined
  }

  /** `info` from before the file was read; `now` in epoch milliseconds. */
  set(file: string, info: FileSystem.File.Info, now: number, value: A): void {
    const settled = Option.exists(info.mtime, (mtime) => now - Number(mtime) > settledAfter)
    if (settled) this.#entries.set(file, { stamp: fileStamp(info), value })
  }

  /** Removes all other files from the cache. */
  retain(files: ReadonlySet<string>): void {
    for (const file of this.#entries.keys()) if (!files.has(file)) this.#entries.delete(file)
  }
}
