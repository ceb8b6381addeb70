/** A client of revision 2026-07-28, without sessions: a call whose connection broke is made again, or goes on as a task. */
import { Effect, Random } from "effect"
import { meta2026 } from "../../support/meta2026.ts"
import type { Arrived } from "./exchange.ts"
import { outcomeOf, type Send } from "./Sender.ts"

const revision = "2026-07-28"

/** Of the calls. */
const cutRate = 0.15
/** Of the tasks. */
const cancelRate = 0.05

const pollEvery = "200 millis"

const taskCapabilities = { extensions: { "io.modelcontextprotocol/tasks": {} } }

let lastId = 0

const request = (send: Send, capabilities: object) => (method: string, name: string, params: object, cut?: number) =>
  send({
    headers: { "mcp-protocol-version": revision, "mcp-method": method, "mcp-name": name },
    body: {
      id: ++lastId,
      method,
      params: { ...params, _meta: meta2026(capabilities, { name: "soak", version: "1" }) },
    },
    cutAfter: cut,
  })

/** Makes a call again if its connection broke. */
export const callAgain = Effect.fnUntraced(function* (send: Send, name: string, args: object) {
  const isCut = (yield* Random.next) < cutRate
  const call = (cut?: number) => request(send, {})("tools/call", name, { name, arguments: args }, cut)
  const first = yield* call(isCut ? yield* Random.nextIntBetween(0, 1500) : undefined)
  return outcomeOf(first.answer === undefined && isCut ? yield* call() : first)
})

const resultOf = ({ answer }: Arrived): Readonly<Record<string, unknown>> => ({ ...Object(answer?.["result"]) })

/** Follows the call as a task. */
export const callAsTask = Effect.fnUntraced(function* (send: Send, name: string, args: object) {
  const ask = request(send, taskCapabilities)
  const first = yield* ask("tools/call", name, { name, arguments: args })
  const { resultType, taskId } = resultOf(first)
  if (resultType !== "task" || typeof taskId !== "string") return outcomeOf(first)
  if ((yield* Random.next) < cancelRate) {
    yield* ask("tasks/cancel", taskId, { taskId })
    return { isError: true, content: [{ text: "The task was cancelled: the message may have arrived." }] }
  }
  while (true) {
    yield* Effect.sleep(pollEvery)
    const now = yield* ask("tasks/get", taskId, { taskId })
    const { result, status } = resultOf(now)
    if (status !== "working") return result ?? outcomeOf(now)
  }
})
