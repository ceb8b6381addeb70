/** A text that changes when a file is changed or replaced. */
import { type FileSystem, Option } from "effect"

export const fileStamp = ({ ino, mtime, size }: FileSystem.File.Info): string =>
  [Option.getOrElse(ino, () => 0n), size, Option.match(mtime, { onNone: () => 0, onSome: Number })].join(" ")
