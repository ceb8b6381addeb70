/** Milliseconds that an unread stdout may delay the exit, because a disconnected client no longer reads it. */
export const drainMs = 300
