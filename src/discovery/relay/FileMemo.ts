/**
 * Remembers what was made of each file, for as long as the file is not touched: reading a thousand registrations takes
 * longer than probing a hundred instances.
 */
import { type FileSystem, Option } from "effect"

interface Memo<A> {
  readonly stamp: string
  readonly value: A
}

/** A file that was changed this recently may be changed once more within the same tick of its clock. */
const settledAfter = 2000

const stampOf = ({ ino, mtime, size }: FileSystem.File.Info) =>
  [Option.getOrElse(ino, () => 0n), size, Option.match(mtime, { onNone: () => 0, onSome: Number })].join(" ")

export class FileMemo<A> {
  readonly #memos = new Map<string, Memo<A>>()

  /** What was made of the file, if it is still as it was. */
  recall(file: string, info: FileSystem.File.Info): A | undefined {
    const memo = this.#memos.get(file)
    return memo?.stamp === stampOf(info) ? memo.value : undefined
  }

  /** `info` as it was before the file was read, `now` in epoch milliseconds. */
  remember(file: string, info: FileSystem.File.Info, now: number, value: A): void {
    const settled = Option.exists(info.mtime, (mtime) => now - Number(mtime) > settledAfter)
    if (settled) this.#memos.set(file, { stamp: stampOf(info), value })
  }

  /** Forgets all other files. */
  retain(files: ReadonlySet<string>): void {
    for (const file of this.#memos.keys()) if (!files.has(file)) this.#memos.delete(file)
  }
}
