/** A sample result of `stat`. */
import { ByteSize, type FileSystem, Option } from "effect"

export const fileInfo = ({ uid }: { readonly uid: number }): FileSystem.File.Info => ({
  type: "Directory",
  mtime: Option.none(),
  atime: Option.none(),
  birthtime: Option.none(),
  dev: 0n,
  ino: Option.none(),
  mode: 0o555,
  nlink: Option.none(),
  uid: Option.some(uid),
  gid: Option.none(),
  rdev: Option.none(),
  size: ByteSize.bytes(0),
  blksize: Option.none(),
  blocks: Option.none(),
})
