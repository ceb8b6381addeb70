import { Effect } from "effect"
import { readFile } from "node:fs/promises"

/** Resident memory of a process in MB, from /proc. */
export const residentMemory = (pid: number | undefined) =>
  Effect.promise(async () => {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "")
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
  })

/** The same, with each page that several processes share counted in parts. */
export const proportionalMemory = (pid: number | undefined) =>
  Effect.promise(async () => {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "")
    return Number(/^Pss:\s+(\d+)/mu.exec(rollup)?.[1]) / 1024
  })
