/** The processes of this machine, from `ps` and `/proc`, and signals to them. */
import { Effect, FileSystem } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { eventually } from "./eventually.ts"

export interface Process {
  readonly pid: number
  /** The name of its executable, without the directory. */
  readonly name: string
}

/** All descendants of a process; none without `ps`. */
export const descendants = Effect.fnUntraced(function* (ancestor: number) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const lines = yield* spawner
    .lines(ChildProcess.make("ps", ["-A", "-o", "pid=,ppid=,comm="]))
    .pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))
  const found = new Map<number, Process>()
  // `ps` sorts by process id, and a parent usually has the smaller one; a second pass finds what the first missed.
  for (const line of [...lines, ...lines]) {
    const [, pid, parent, command = ""] = /^\s*(\d+)\s+(\d+)\s+(.*\S)/u.exec(line) ?? []
    if (pid === undefined) continue
    if (Number(parent) !== ancestor && !found.has(Number(parent))) continue
    found.set(Number(pid), { pid: Number(pid), name: command.slice(command.lastIndexOf("/") + 1) })
  }
  return [...found.values()]
})

/** The processes that were started with the variable, regardless of their current parent; none without `/proc`. */
export const startedWith = Effect.fnUntraced(function* (variable: string, value: string) {
  const fs = yield* FileSystem.FileSystem
  const entries = yield* fs.readDirectory("/proc").pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))
  const pids = entries.flatMap((entry) => (/^\d+$/u.test(entry) ? [Number(entry)] : []))
  return yield* Effect.filter(
    pids,
    (pid) =>
      fs.readFileString(`/proc/${pid}/environ`).pipe(
        Effect.map((environment) => environment.split("\0").includes(`${variable}=${value}`)),
        // The process belongs to another user, or has just ended.
        Effect.orElseSucceed(() => false),
      ),
    { concurrency: 16 },
  )
})

/** Sends the signal to each process. One that has ended is ignored. */
export const signal = (pids: Iterable<number>, name: NodeJS.Signals) =>
  Effect.forEach(pids, (pid) => Effect.ignore(Effect.try(() => process.kill(pid, name))), { discard: true })

/** Sends SIGKILL until no process is found, because some take a moment to end, and some have started another one meanwhile. */
export const killAll = <E, R>(found: Effect.Effect<ReadonlyArray<number>, E, R>) =>
  found.pipe(
    Effect.tap((pids) => signal(pids, "SIGKILL")),
    eventually((pids) => pids.length === 0, "10 millis"),
    Effect.ignore,
  )
