/** How a client of each revision of MCP opens a connection, and what it adds to each request. */
import { meta2026 } from "../support/meta2026.ts"

export interface Era {
  readonly name: string
  /** The first request, or undefined for a client that sends none. */
  readonly opening: object | undefined
  /** Added to the params of each request. */
  readonly meta: object | undefined
  readonly hasBatches: boolean
}

const initialize = (protocolVersion: string): Era => ({
  name: protocolVersion,
  opening: {
    method: "initialize",
    params: { protocolVersion, capabilities: {}, clientInfo: { name: "fuzz", version: "1" } },
  },
  meta: undefined,
  hasBatches: protocolVersion === "2025-03-26",
})

const meta = meta2026({}, { name: "fuzz", version: "1" })

export const eras: ReadonlyArray<Era> = [
  initialize("2025-11-25"),
  initialize("2025-03-26"),
  initialize("2024-11-05"),
  {
    name: "2026-07-28",
    opening: { method: "tools/list", params: { _meta: meta } },
    meta,
    hasBatches: false,
  },
  { name: "without an opening", opening: undefined, meta: undefined, hasBatches: false },
]
