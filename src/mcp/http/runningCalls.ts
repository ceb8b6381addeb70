/**
 * The calls of one session that are running, and the last ones that have ended. Some HTTP clients (seen with Cline 3.0.65) send
 * a request again, with the same id, when its connection breaks. Such a call must not run twice: it gets the answer of the first
 * one. That also holds after the first one has ended, since the server may not have noticed that its connection was dead.
 *
 * JSON-RPC forbids two requests of a session with the same id. A client that uses one id for all of its calls, nevertheless, is
 * given the kept answer if it repeats a call that changes something, with the same arguments, within `maxAgeMs`. It cannot be
 * told from a client whose connection broke, and an answer that is too old does less harm than a message that is sent twice.
 * Calls that only read run again.
 */
import type { RequestId } from "@modelcontextprotocol/server"
import { digest } from "../../text/digest.ts"
import type { Backend } from "../toolServers.ts"
import type { CallOfTool } from "./callAccess.ts"

type Answer = ReturnType<Backend["call"]>

interface RunningCallsOptions {
  /** Whether a tool changes nothing. */
  readonly isReadonly: (tool: string) => boolean
  /** How long the answers of ended calls are kept. */
  readonly maxAgeMs: number
  /** Milliseconds. */
  readonly now: () => number
}

interface CallRequest {
  readonly id: RequestId
  readonly name: string
  readonly args: unknown
}

interface RunningCall extends CallOfTool {
  /** Of its tool and arguments, which can be a megabyte. */
  readonly key: string
  readonly answer: Answer
}

interface EndedCall extends RunningCall {
  readonly bytes: number
  readonly endedAt: number
}

const maxEnded = 4

/** Of the answers of ended calls. A longer one is not kept. */
const maxBytes = 64 * 1024

const keyOf = (name: string, args: unknown): string => digest(JSON.stringify([name, args])).toString("base64")

export const makeRunningCalls = ({ isReadonly, maxAgeMs, now }: RunningCallsOptions) => {
  const running = new Map<RequestId, RunningCall>()
  // The oldest first.
  const ended = new Map<RequestId, EndedCall>()
  let bytes = 0

  const forget = (call: EndedCall): void => {
    ended.delete(call.id)
    bytes -= call.bytes
  }
  const expire = (): void => {
    const oldest = now() - maxAgeMs
    for (const call of ended.values()) {
      if (ended.size <= maxEnded && bytes <= maxBytes && call.endedAt >= oldest) return
      forget(call)
    }
  }
  const keep = (call: RunningCall, result: Awaited<Answer>): void => {
    if (isReadonly(call.tool)) return
    const size = JSON.stringify(result).length
    if (size > maxBytes) return
    const earlier = ended.get(call.id)
    if (earlier !== undefined) forget(earlier)
    ended.set(call.id, { ...call, bytes: size, endedAt: now() })
    bytes += size
    expire()
  }

  return {
    get: (id: RequestId): CallOfTool | undefined => running.get(id),
    expire,
    call: ({ args, id, name }: CallRequest, run: () => Answer): Answer => {
      const key = keyOf(name, args)
      expire()
      const same = running.get(id) ?? ended.get(id)
      if (same?.key === key) return same.answer
      const answer = run()
        .then((result) => {
          keep(call, result)
          return result
        })
        .finally(() => {
          // Another call can have got the id meanwhile.
          if (running.get(id) === call) running.delete(id)
        })
      const call: RunningCall = { id, tool: name, key, answer }
      running.set(id, call)
      return answer
    },
  }
}
