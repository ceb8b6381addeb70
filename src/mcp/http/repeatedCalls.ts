/**
 * The calls of one session that are running. Some HTTP clients (seen with Cline 3.0.65) send a request again, with the same id,
 * when its connection breaks. Such a call must not run twice: it gets the answer of the one that is running.
 */
import type { RequestId } from "@modelcontextprotocol/server"
import type { Backend, ToolRequest } from "../toolServers.ts"

type Answer = ReturnType<Backend["call"]>

export const makeRepeatedCalls = () => {
  const running = new Map<RequestId, { readonly key: string; readonly answer: Answer }>()
  return {
    call: ({ args, context: { mcpReq }, name }: ToolRequest, run: () => Answer): Answer => {
      const key = JSON.stringify([name, args])
      const same = running.get(mcpReq.id)
      if (same?.key === key) return same.answer
      const answer = run().finally(() => running.delete(mcpReq.id))
      running.set(mcpReq.id, { key, answer })
      return answer
    },
  }
}
