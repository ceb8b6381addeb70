/**
 * Checks that only this user and root can change a file, as sshd's `StrictModes` does. Registrations decide where the
 * password is sent, so with a password set, files and directories that others can change are refused.
 */
import { Context, Effect, FileSystem, Option, Path } from "effect"

/** The user id of this process. None on systems without numeric user ids. */
export const CurrentUser = Context.Reference<Option.Option<number>>("opencode-fleet/machine/CurrentUser", {
  defaultValue: () => Option.fromUndefinedOr(process.getuid?.()),
})

const writableByOthers = 0o022
const sticky = 0o1000

/** Why other users could change this file or directory. None if they cannot. */
export const weakness = (info: FileSystem.File.Info, user: Option.Option<number>): Option.Option<string> => {
  if (Option.isNone(user)) return Option.none()
  if (Option.exists(info.uid, (owner) => owner !== user.value && owner !== 0)) {
    return Option.some("belongs to another user")
  }
  return (info.mode & writableByOthers) === 0
    ? Option.none()
    : Option.some("can be written by other users (fix it with chmod go-w)")
}

/** Why other users could change or replace `directory` or one of its parents, beginning with its path. None if they cannot. */
export const weakDirectory = Effect.fnUntraced(function* (directory: string, user: Option.Option<number>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  let current = yield* fs.realPath(directory)
  const first = current
  while (true) {
    const info = yield* fs.stat(current)
    // An entry of a sticky directory, such as /tmp, can be replaced only by its owner.
    const safe = current !== first && (info.mode & sticky) !== 0
    const reason = safe ? Option.none() : weakness(info, user)
    if (Option.isSome(reason)) return Option.some(`${current} ${reason.value}`)
    const parent = path.dirname(current)
    if (parent === current) return Option.none<string>()
    current = parent
  }
})

const readableByOthers = 0o044
const readableByAll = 0o004

/**
 * Why other users could read or change a file that holds a secret. None if they cannot. The group may read a file of root's, as
 * containers and services are given their secrets.
 */
export const exposure = (info: FileSystem.File.Info, user: Option.Option<number>): Option.Option<string> => {
  const weak = weakness(info, user)
  if (Option.isNone(user) || Option.isSome(weak)) return weak
  const isRoots = user.value !== 0 && Option.contains(info.uid, 0)
  return (info.mode & (isRoots ? readableByAll : readableByOthers)) === 0
    ? Option.none()
    : Option.some(`can be read by other users (fix it with chmod ${isRoots ? "o-r" : "go-r"})`)
}
