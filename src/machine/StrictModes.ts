/**
 * Who may write where the registrations are decides where the password is sent. With a password set, a directory or
 * file that others can change is refused; sshd's `StrictModes` is the model.
 */
import { Context, Effect, FileSystem, Option, Path } from "effect"

/** Who this process runs as; none where the system has no such numbers. */
export const CurrentUser = Context.Reference<Option.Option<number>>("opencode-fleet/fleet/CurrentUser", {
  defaultValue: () => Option.fromUndefinedOr(process.getuid?.()),
})

const writableByOthers = 0o022
const sticky = 0o1000

/** Why others could change this, or none. */
export const weakness = (info: FileSystem.File.Info, user: Option.Option<number>): Option.Option<string> => {
  if (Option.isNone(user)) return Option.none()
  if (Option.exists(info.uid, (owner) => owner !== user.value && owner !== 0)) {
    return Option.some("belongs to another user")
  }
  return (info.mode & writableByOthers) === 0
    ? Option.none()
    : Option.some("can be written by other users (chmod go-w mends that)")
}

/** The first directory on the way to `directory`, itself included, that others could change or replace; or none. */
export const weakDirectory = Effect.fnUntraced(function* (directory: string, user: Option.Option<number>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  let current = yield* fs.realPath(directory)
  const first = current
  while (true) {
    const info = yield* fs.stat(current)
    // What lies in a sticky directory, such as /tmp, can be replaced only by its owner.
    const safe = current !== first && (info.mode & sticky) !== 0
    const reason = safe ? Option.none() : weakness(info, user)
    if (Option.isSome(reason)) return Option.some(`${current} ${reason.value}`)
    const parent = path.dirname(current)
    if (parent === current) return Option.none<string>()
    current = parent
  }
})
