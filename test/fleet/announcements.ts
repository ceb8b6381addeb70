/** What a discovery would have found. */
import type { Announcement } from "../../src/fleet/Discovery.ts"

export const announcement = (name: string, port: number, rest: Partial<Announcement> = {}): Announcement => ({
  name,
  host: "laptop",
  url: `http://127.0.0.1:${port}`,
  directory: undefined,
  transport: "local-relay",
  source: `/relay/${name}-${port}.json`,
  ...rest,
})
