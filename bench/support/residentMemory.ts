import { Effect } from "effect"
import { readFile } from "node:fs/promises"

/** Resident memory of a process in MB, from /proc. */
export const residentMemory = (pid: number | undefined) =>
  Effect.promise(async () => {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "")
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
  })
