import { Effect } from "effect"
import { readdir, readFile } from "node:fs/promises"

const ofTask = async (pid: number, task: string) => {
  // A thread may end in between.
  const stat = await readFile(`/proc/${pid}/task/${task}/schedstat`, "utf8").catch(() => "0")
  return Number(stat.split(" ", 1).join()) / 1e6
}

/** Processor time of all threads of a process so far, in milliseconds, from /proc. */
export const processorTime = (pid: number | undefined) =>
  Effect.promise(async () => {
    if (pid === undefined) return 0
    const tasks = await readdir(`/proc/${pid}/task`)
    const times = await Promise.all(tasks.map((task) => ofTask(pid, task)))
    return times.reduce((sum, time) => sum + time, 0)
  })
