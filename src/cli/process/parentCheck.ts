/**
 * Notices that the MCP client has gone although stdin is still open, because another process holds its write end too. Node
 * has no signal for it.
 */
import { readFileSync, readlinkSync } from "node:fs"

/** A wrapper has few wrappers around it. */
const maxWrappers = 16

const readOrUndefined = (read: () => string): string | undefined => {
  try {
    return read()
  } catch {
    // The process has ended, belongs to another user, or there is no /proc.
    return undefined
  }
}

const stdinOf = (pid: number | "self") => readOrUndefined(() => readlinkSync(`/proc/${pid}/fd/0`))

/** The name of the program in the file may contain spaces and parentheses. */
const parentOf = (pid: number): number | undefined => {
  const stat = readOrUndefined(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
  const parent = stat === undefined ? Number.NaN : Number(stat.slice(stat.lastIndexOf(")")).split(" ")[2])
  return Number.isInteger(parent) ? parent : undefined
}

/**
 * The parent of each wrapper between the client and this process, such as a shell or npx. A wrapper reads from the same pipe
 * as this process; the client writes to it.
 */
const parentsOfWrappers = (): ReadonlyMap<number, number> => {
  const parents = new Map<number, number>()
  const stdin = stdinOf("self")
  // A terminal is the stdin of many processes.
  if (stdin === undefined || stdin.startsWith("/dev/")) return parents
  let pid = process.ppid
  while (pid > 1 && parents.size < maxWrappers && stdinOf(pid) === stdin) {
    const parent = parentOf(pid)
    if (parent === undefined) break
    parents.set(pid, parent)
    pid = parent
  }
  return parents
}

/**
 * Returns whether the client has exited since. Never true if its parent exited before this was called, as a launcher does
 * that starts a service, nor on Windows, where a process keeps the number of a parent that has exited.
 */
export const parentCheck = (): (() => boolean) => {
  const parent = process.ppid
  const wrappers = parentsOfWrappers()
  return () => process.ppid !== parent || [...wrappers].some(([wrapper, parent]) => parentOf(wrapper) !== parent)
}
