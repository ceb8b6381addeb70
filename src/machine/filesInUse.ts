/** The processes of this user that have a file open, on Linux. */
import { Effect, FileSystem, Option } from "effect"
import { plainLine } from "../text/plainText.ts"
import { CurrentUser } from "./StrictModes.ts"

/** A process that has the file open. */
export interface FileUser {
  readonly pid: number
  /** Path of its program. */
  readonly program: string
  /** Its arguments, without the program. */
  readonly args: ReadonlyArray<string>
}

/** Node's default number of threads for file access. */
const concurrency = 4

const orElse = <A>(fallback: A) => Effect.orElseSucceed(() => fallback)

/** None on systems without `/proc`. */
export const processesWith = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const user = yield* CurrentUser
  const path = yield* Effect.option(fs.realPath(file))
  if (Option.isNone(path)) return []

  const isOpenIn = Effect.fnUntraced(function* (pid: string) {
    const { uid } = yield* fs.stat(`/proc/${pid}`)
    if (Option.isNone(uid) || !Option.contains(user, uid.value)) return false
    const descriptors = yield* fs.readDirectory(`/proc/${pid}/fd`)
    const links = yield* Effect.forEach(descriptors, (fd) =>
      fs.readLink(`/proc/${pid}/fd/${fd}`).pipe(Effect.orElseSucceed(() => "")),
    )
    return links.includes(path.value)
  }, orElse(false))

  const describe = Effect.fnUntraced(function* (pid: string) {
    const [, ...args] = (yield* fs.readFileString(`/proc/${pid}/cmdline`).pipe(orElse(""))).split("\0")
    const program = yield* fs.readLink(`/proc/${pid}/exe`).pipe(orElse(""))
    return {
      pid: Number(pid),
      program: plainLine(program),
      args: args.map(plainLine).filter((arg) => arg !== ""),
    } satisfies FileUser as FileUser
  })

  const entries = yield* fs.readDirectory("/proc").pipe(orElse<ReadonlyArray<string>>([]))
  const pids = entries.filter((name) => /^\d+$/u.test(name))
  const found = yield* Effect.filter(pids, isOpenIn, { concurrency })
  return yield* Effect.forEach(found, describe)
})
