/** The files that the processes of this machine have open, on Linux. */
import { Effect } from "effect"
import { readdir } from "node:fs/promises"
import { LinkTargets } from "./LinkTargets.ts"

/** Node's default number of threads for file access. */
const concurrency = 4

const entries = (directory: string) =>
  Effect.tryPromise(() => readdir(directory)).pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))

/** The paths of the files that the process has open. None if access is denied, and on systems without `/proc`. */
export const openFilesOf = Effect.fnUntraced(function* (pid: number) {
  const directory = `/proc/${pid}/fd`
  const targetsOf = yield* LinkTargets
  return yield* targetsOf(directory, yield* entries(directory))
})

/** The ids of all processes. */
const allProcesses = Effect.map(entries("/proc"), (names) => names.filter((name) => /^\d+$/u.test(name)).map(Number))

/** The ids of the processes that have at least one of these files open. `among`: only these are looked at. Default: all. */
export const processesWith = Effect.fnUntraced(function* (files: ReadonlySet<string>, among?: ReadonlyArray<number>) {
  return yield* Effect.filter(
    among ?? (yield* allProcesses),
    (pid) => Effect.map(openFilesOf(pid), (open) => open.some((file) => files.has(file))),
    { concurrency },
  )
})
