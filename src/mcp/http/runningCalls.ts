/**
 * The calls of one session that are running. Some HTTP clients (seen with Cline 3.0.65) send a request again, with the same id,
 * when its connection breaks. Such a call must not run twice: it gets the answer of the one that is running.
 */
import type { RequestId } from "@modelcontextprotocol/server"
import type { Backend, ToolRequest } from "../toolServers.ts"
import type { CallOfTool } from "./callAccess.ts"

type Answer = ReturnType<Backend["call"]>

interface RunningCall extends CallOfTool {
  readonly key: string
  readonly answer: Answer
}

export const makeRunningCalls = () => {
  const running = new Map<RequestId, RunningCall>()
  return {
    get: (id: RequestId): CallOfTool | undefined => running.get(id),
    call: ({ args, context: { mcpReq }, name }: ToolRequest, run: () => Answer): Answer => {
      const { id } = mcpReq
      const key = JSON.stringify([name, args])
      const same = running.get(id)
      if (same?.key === key) return same.answer
      const answer = run().finally(() => {
        // Another call can have got the id meanwhile.
        if (running.get(id)?.answer === answer) running.delete(id)
      })
      running.set(id, { id, tool: name, key, answer })
      return answer
    },
  }
}
