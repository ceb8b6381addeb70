/**
 * The calls of one session that are running. Some HTTP clients (seen with Cline 3.0.65) send a request again, with the same id,
 * when its connection breaks. Such a call must not run twice: it gets the answer of the one that is running, or that has ended
 * since its connection broke.
 */
import type { RequestId } from "@modelcontextprotocol/server"
import type { Backend, ToolRequest } from "../toolServers.ts"
import { type CallOfTool, callsIn } from "./callAccess.ts"

type Answer = ReturnType<Backend["call"]>

interface RunningCall extends CallOfTool {
  readonly key: string
  readonly answer: Answer
  isBroken: boolean
}

/** The calls of a session that have ended without a connection. */
const maxUndelivered = 4

export const makeRunningCalls = () => {
  const running = new Map<RequestId, RunningCall>()
  // The oldest first.
  const undelivered = new Map<RequestId, RunningCall>()

  const keep = (call: RunningCall): void => {
    undelivered.delete(call.id)
    undelivered.set(call.id, call)
    for (const oldest of undelivered.keys()) if (undelivered.size > maxUndelivered) undelivered.delete(oldest)
  }

  return {
    get: (id: RequestId): CallOfTool | undefined => running.get(id),
    /** The connection of a request with this body is closed. Its call, if it is still running, cannot be answered there. */
    disconnected: (body: unknown): void => {
      for (const { id } of callsIn(body)) {
        const call = running.get(id)
        if (call !== undefined) call.isBroken = true
      }
    },
    call: ({ args, context: { mcpReq }, name }: ToolRequest, run: () => Answer): Answer => {
      const { id } = mcpReq
      const key = JSON.stringify([name, args])
      const same = running.get(id) ?? undelivered.get(id)
      if (same?.key === key) return same.answer
      const answer = run().finally(() => {
        // Another call can have got the id meanwhile.
        if (running.get(id) === call) running.delete(id)
        if (call.isBroken) keep(call)
      })
      const call: RunningCall = { id, tool: name, key, answer, isBroken: false }
      running.set(id, call)
      return answer
    },
  }
}

export type RunningCalls = ReturnType<typeof makeRunningCalls>
