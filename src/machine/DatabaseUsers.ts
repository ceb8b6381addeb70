/**
 * Which processes of this machine have opened the same opencode database. All servers of a user share one, and none of them
 * knows what the others are doing.
 */
import { Context, Effect } from "effect"
import { readFile } from "node:fs/promises"
import { databaseLocks } from "./databaseLocks.ts"
import { openFilesOf, processesWith } from "./openFiles.ts"
import { listenerAt } from "./portListener.ts"

export interface DatabaseUser {
  readonly pid: number
  /** When it started, in epoch milliseconds, to about a second. */
  readonly startedAt: number
}

interface DatabaseUsersValues {
  /**
   * The other processes that have opened the database of this one. Undefined if that cannot be found out: the process runs
   * on another machine or as another user, or the system has no `/proc`.
   */
  readonly besides: (pid: number) => Effect.Effect<ReadonlyArray<DatabaseUser> | undefined>
  /** The process that listens at a URL of this machine, on Linux. */
  readonly listener: (url: string) => Effect.Effect<number | undefined>
  /** The same as `besides` for the process that listens at a URL of this machine. */
  readonly besidesListener: (url: string) => Effect.Effect<ReadonlyArray<DatabaseUser> | undefined>
}

/** The unit of start times in `/proc`, on every Linux. */
const ticksPerSecond = 100

const attempt = <A>(read: () => Promise<A>) => Effect.option(Effect.tryPromise(read))

/** The opencode databases that the process has opened. */
const databasesOf = (pid: number) =>
  Effect.map(openFilesOf(pid), (files) => new Set(files.filter((file) => /\/opencode[^/]*\.db$/u.test(file))))

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

/** The processes that use the database of this one. */
const usersWith = Effect.fnUntraced(function* (pid: number) {
  const locks = yield* databaseLocks
  const files = new Set(locks.flatMap((lock) => (lock.pid === pid ? [lock.file] : [])))
  if (files.size > 0) return [...new Set(locks.flatMap((lock) => (files.has(lock.file) ? [lock.pid] : [])))]
  const databases = yield* databasesOf(pid)
  return databases.size === 0 ? undefined : yield* processesWith(databases)
})

const besides = Effect.fnUntraced(function* (pid: number) {
  const users = yield* usersWith(pid)
  if (users === undefined) return undefined
  const others = users.filter((other) => other !== pid)
  return yield* Effect.forEach(others, (other) =>
    Effect.map(startOf(other), (startedAt) => ({ pid: other, startedAt })),
  )
})

/** An opencode uses a database, so few processes are looked at. */
const listener = (url: string) =>
  listenerAt(
    url,
    Effect.map(databaseLocks, (locks) => [...new Set(locks.map(({ pid }) => pid))]),
  )

const besidesListener = (url: string) =>
  Effect.flatMap(listener(url), (pid) => (pid === undefined ? Effect.undefined : besides(pid)))

export const DatabaseUsers = Context.Reference<DatabaseUsersValues>("opencode-fleet/machine/DatabaseUsers", {
  defaultValue: () => ({ besides, listener, besidesListener }),
})
