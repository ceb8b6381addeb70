/** The built executable as a process whose holdings are measured. */
import { Deferred, Effect, FileSystem, Schema } from "effect"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { executable } from "../support/Executable.ts"

/** What remains after a garbage collection, except for the megabytes. */
export interface Resources {
  /** Of the whole process. */
  readonly megabytes: number
  /** The most that they have been. */
  readonly peakMegabytes: number
  readonly descriptors: number
  readonly heap: number
  readonly fibers: number
  readonly sockets: number
  readonly timers: number
}

/** Reports the holdings on SIGUSR2; see the file. What it uses is experimental, which Node would say on stderr. */
const reporting = `--disable-warning=ExperimentalWarning --import ${new URL("../faults/scene/reportHoldings.mjs", import.meta.url).href}`
const begin = "holdings "
const decodeHoldings = Schema.decodeUnknownSync(
  Schema.fromJsonString(
    Schema.Struct({ heap: Schema.Int, fibers: Schema.Int, sockets: Schema.Int, timers: Schema.Int }),
  ),
)

/** Starts the executable. Closing the scope ends it. `onLine` is given its stderr. */
export const startProcess = Effect.fnUntraced(function* (
  environment: Record<string, string>,
  args: ReadonlyArray<string> = [],
  onLine: (line: string) => void = () => {},
) {
  const fs = yield* FileSystem.FileSystem
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [executable, ...args], { env: { ...environment, NODE_OPTIONS: reporting } }),
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL")),
  )
  child.stdin.on("error", () => {})
  const hasExited = () => child.exitCode !== null || child.signalCode !== null
  const exited = Effect.die(new Error("the server has exited"))
  let reported: Deferred.Deferred<string> | undefined
  child.on("exit", () => {
    if (reported !== undefined) Deferred.doneUnsafe(reported, exited)
  })
  createInterface(child.stderr).on("line", (line) => {
    if (!line.startsWith(begin)) return onLine(line)
    if (reported !== undefined) Deferred.doneUnsafe(reported, Effect.succeed(line.slice(begin.length)))
  })
  /** Needs `/proc`. Dies if the process has ended. */
  const resources = Effect.gen(function* () {
    const report = yield* Deferred.make<string>()
    reported = report
    if (hasExited()) return yield* exited
    child.kill("SIGUSR2")
    const holdings = decodeHoldings(yield* Deferred.await(report))
    const status = yield* fs.readFileString(`/proc/${child.pid}/status`)
    const descriptors = yield* fs.readDirectory(`/proc/${child.pid}/fd`)
    const megabytes = (of: RegExp) => Math.round(Number(of.exec(status)?.[1]) / 1024)
    const resources: Resources = {
      ...holdings,
      megabytes: megabytes(/VmRSS:\s+(\d+)/u),
      peakMegabytes: megabytes(/VmHWM:\s+(\d+)/u),
      descriptors: descriptors.length,
    }
    return resources
  }).pipe(Effect.orDie)
  return { child, hasExited, resources }
})
