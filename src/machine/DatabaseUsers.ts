/**
 * Which processes of this machine have opened the same opencode database. All servers of a user share one, and none of them
 * knows what the others are doing.
 */
import { Context, Effect } from "effect"
import { readdir, readFile, readlink } from "node:fs/promises"

export interface DatabaseUser {
  readonly pid: number
  /** When it started, in epoch milliseconds, to about a second. */
  readonly startedAt: number
}

export interface DatabaseUsersValues {
  /**
   * The other processes that have opened the database of this one. Undefined if that cannot be found out: the process runs
   * on another machine or as another user, or the system has no `/proc`.
   */
  readonly besides: (pid: number) => Effect.Effect<ReadonlyArray<DatabaseUser> | undefined>
}

/** The unit of start times in `/proc`, on every Linux. */
const ticksPerSecond = 100

const concurrency = 8

const attempt = <A>(read: () => Promise<A>) => Effect.option(Effect.tryPromise(read))

/** The opencode databases that the process has opened. */
const databasesOf = Effect.fnUntraced(function* (pid: number) {
  const files = yield* attempt(() => readdir(`/proc/${pid}/fd`))
  if (files._tag === "None") return []
  const links = yield* Effect.forEach(files.value, (file) => attempt(() => readlink(`/proc/${pid}/fd/${file}`)), {
    concurrency,
  })
  return links.flatMap((link) => (link._tag === "Some" && /\/opencode[^/]*\.db$/u.test(link.value) ? [link.value] : []))
})

const startOf = Effect.fnUntraced(function* (pid: number) {
  const [stat, system] = yield* Effect.all([
    attempt(() => readFile(`/proc/${pid}/stat`, "latin1")),
    attempt(() => readFile("/proc/stat", "latin1")),
  ])
  if (stat._tag === "None" || system._tag === "None") return 0
  const ticks = Number(stat.value.slice(stat.value.lastIndexOf(")") + 2).split(" ")[19])
  const bootedAt = Number(/^btime (\d+)$/mu.exec(system.value)?.[1])
  return (bootedAt + ticks / ticksPerSecond) * 1000
})

const besides = Effect.fnUntraced(function* (pid: number) {
  const databases = new Set(yield* databasesOf(pid))
  if (databases.size === 0) return undefined
  const names = yield* Effect.orElseSucceed(
    Effect.tryPromise(() => readdir("/proc")),
    (): ReadonlyArray<string> => [],
  )
  const others = names.map(Number).filter((other) => Number.isInteger(other) && other !== pid)
  const users = yield* Effect.filter(
    others,
    (other) => Effect.map(databasesOf(other), (opened) => opened.some((database) => databases.has(database))),
    { concurrency },
  )
  return yield* Effect.forEach(users, (user) => Effect.map(startOf(user), (startedAt) => ({ pid: user, startedAt })))
})

export const DatabaseUsers = Context.Reference<DatabaseUsersValues>("opencode-fleet/machine/DatabaseUsers", {
  defaultValue: () => ({ besides }),
})
