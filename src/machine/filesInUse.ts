/** Which processes of this user have a file open, on Linux, and what they run. */
import { Effect, FileSystem, Option } from "effect"
import { plainLine } from "../text/plainText.ts"
import { processesWith } from "./openFiles.ts"
import { CurrentUser } from "./StrictModes.ts"

/** A process that has the file open. */
export interface FileUser {
  readonly pid: number
  /** Path of its program. */
  readonly program: string
  /** Its arguments, without the program. */
  readonly args: ReadonlyArray<string>
}

const orElse = <A>(fallback: A) => Effect.orElseSucceed(() => fallback)

/** None on systems without `/proc`. */
export const usersOf = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const user = yield* CurrentUser
  const path = yield* Effect.option(fs.realPath(file))
  if (Option.isNone(path)) return []

  const isOurs = (pid: number) =>
    fs.stat(`/proc/${pid}`).pipe(
      Effect.map(({ uid }) => Option.isSome(uid) && Option.contains(user, uid.value)),
      orElse(false),
    )
  const describe = Effect.fnUntraced(function* (pid: number) {
    const [, ...args] = (yield* fs.readFileString(`/proc/${pid}/cmdline`).pipe(orElse(""))).split("\0")
    const program = yield* fs.readLink(`/proc/${pid}/exe`).pipe(orElse(""))
    return {
      pid,
      program: plainLine(program),
      args: args.map(plainLine).filter((arg) => arg !== ""),
    } satisfies FileUser as FileUser
  })

  const pids = yield* processesWith(new Set([path.value]))
  return yield* Effect.forEach(yield* Effect.filter(pids, isOurs), describe)
})
