/** Sample announcements. */
import type { Announcement } from "../../src/discovery/Discovery.ts"
import type { Server } from "../../src/discovery/servers.ts"

export const announcement = (name: string, port: number, rest: Partial<Announcement> = {}): Announcement => ({
  name,
  host: "laptop",
  url: `http://127.0.0.1:${port}`,
  directory: undefined,
  transport: "local-relay",
  source: `/relay/${name}-${port}.json`,
  ...rest,
})

/** The server of such an announcement, without fallbacks. */
export const server = (...known: Parameters<typeof announcement>): Server => {
  const found = announcement(...known)
  return { ...found, transports: [found.transport], fallbacks: [] }
}
