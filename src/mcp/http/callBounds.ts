/** How many calls a client may have waiting at once, so that no client keeps the others from calling. */
import type { CallToolResult } from "@modelcontextprotocol/server"
import { errorResult } from "../callResult.ts"
import type { Backend } from "../toolServers.ts"

const tooMany = (limit: number): CallToolResult =>
  errorResult(
    "too many calls",
    `This client already has ${limit} calls waiting, which is the most. Wait until one of them has ended.`,
  ).result

/** Counts the calls by client. A call beyond the limit is answered at once. */
export const makeCallBounds = (call: Backend["call"]) => {
  const running = new Map<string, number>()
  const add = (client: string, difference: number): void => {
    const count = (running.get(client) ?? 0) + difference
    if (count === 0) running.delete(client)
    else running.set(client, count)
  }
  return {
    call: async (client: string, limit: number, request: Parameters<Backend["call"]>[0]) => {
      if ((running.get(client) ?? 0) >= limit) return tooMany(limit)
      add(client, 1)
      return call(request).finally(() => add(client, -1))
    },
  }
}
