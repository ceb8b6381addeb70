/** Ends the process whatever is left in it, but not before what was written to stdout has been taken. */

/** `atMost`: milliseconds that an unread stdout may hold up the end. */
export const endProcess = (status: number, atMost?: number): void => {
  const leave = (error?: Error | null) => process.exit(error instanceof Error && status === 0 ? 1 : status)
  if (process.stdout.writableLength === 0) return leave()
  // Not "drain", which only comes to who has been told to wait for it.
  process.stdout.write("", leave)
  if (atMost !== undefined) setTimeout(leave, atMost)
}
