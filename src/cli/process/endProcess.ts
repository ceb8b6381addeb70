/** Exits even if work is pending, but only after stdout has been flushed. */

/** `maxWaitMs`: how long an unread stdout may delay the exit. */
/** How long pending file operations and name lookups may delay the exit. */
const settleMs = 100

/** Node's exit waits for its threads, which may be stuck in a file system that is gone. */
const areThreadsBusy = () => process.getActiveResourcesInfo().some((name) => /^(?:FSReq|GetAddrInfo)/u.test(name))

/** Exits without waiting for stuck threads: another program, which only exits, takes this one's place. */
const exitAtOnce = (status: number): never => {
  if (areThreadsBusy() && process.platform !== "win32" && typeof process.execve === "function") {
    process.execve("/bin/sh", ["sh", "-c", `exit ${status}`], {})
  }
  return process.exit(status)
}

export const endProcess = (status: number, maxWaitMs?: number): void => {
  const leave = (error?: Error | null) => {
    const final = error instanceof Error && status === 0 ? 1 : status
    if (!areThreadsBusy()) return process.exit(final)
    setTimeout(() => exitAtOnce(final), settleMs)
  }
  if (process.stdout.writableLength === 0) return leave()
  // Not the "drain" event, which is only emitted after a write has returned false.
  process.stdout.write("", leave)
  if (maxWaitMs !== undefined) setTimeout(leave, maxWaitMs)
}
