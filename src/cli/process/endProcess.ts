/** Exits even if work is pending, but only after stdout has been flushed. */

/** `maxWaitMs`: how long an unread stdout may delay the exit. */
export const endProcess = (status: number, maxWaitMs?: number): void => {
  const leave = (error?: Error | null) => process.exit(error instanceof Error && status === 0 ? 1 : status)
  if (process.stdout.writableLength === 0) return leave()
  // Not the "drain" event, which is only emitted after a write has returned false.
  process.stdout.write("", leave)
  if (maxWaitMs !== undefined) setTimeout(leave, maxWaitMs)
}
