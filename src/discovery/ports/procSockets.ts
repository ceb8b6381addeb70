/** The sockets of a process of this user on Linux, from `/proc/PID/fd`. */
import { Effect, FileSystem, Option } from "effect"
import { orElseUnlessShort } from "../../machine/fileError.ts"
import { LinkTargets } from "../../machine/LinkTargets.ts"
import { CurrentUser } from "../../machine/StrictModes.ts"

/** The inode in a link of `/proc/PID/fd`, or an empty string if the link is not a socket. */
const inodeOf = (link: string): string => /^socket:\[(\d+)\]$/u.exec(link)?.[1] ?? ""

export const procSockets = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const user = yield* CurrentUser
  const targetsOf = yield* LinkTargets
  return {
    /** The inodes of its sockets, with empty strings for its other files. None if access is denied. Fails only if this process has too many open files. */
    inodesOf: (pid: number) =>
      fs.readDirectory(`/proc/${pid}/fd`).pipe(
        Effect.flatMap((files) => targetsOf(`/proc/${pid}/fd`, files)),
        Effect.map((targets) => targets.map(inodeOf)),
        orElseUnlessShort<ReadonlyArray<string>>([]),
      ),
    isOurs: (pid: number) =>
      fs.stat(`/proc/${pid}`).pipe(
        Effect.map(({ uid }) => Option.isSome(uid) && Option.contains(user, uid.value)),
        orElseUnlessShort(false),
      ),
  }
})
