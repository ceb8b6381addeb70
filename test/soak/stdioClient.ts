/** An MCP client on stdio that makes many calls at once. */
import { Deferred, Effect, Option, Schema } from "effect"
import { createInterface } from "node:readline"
import { callResult, type Client } from "./Client.ts"
import { startProcess } from "./ServerProcess.ts"

const Answer = Schema.fromJsonString(
  Schema.Struct({ id: Schema.Int, result: Schema.optional(Schema.Unknown), error: Schema.optional(Schema.Unknown) }),
)
const decodeAnswer = Schema.decodeOption(Answer)

/** Closing the scope ends the server. */
export const startStdioClient = Effect.fnUntraced(function* (environment: Record<string, string>) {
  const { child, resources } = yield* startProcess(environment)
  const waiting = new Map<number, Deferred.Deferred<unknown>>()
  let lastId = 0
  child.on("exit", () => {
    for (const answer of waiting.values()) Deferred.doneUnsafe(answer, Effect.die(new Error("the server has exited")))
  })
  createInterface(child.stdout).on("line", (line) => {
    const answer = decodeAnswer(line)
    if (Option.isNone(answer)) return
    const { error, id, result } = answer.value
    const found = waiting.get(id)
    waiting.delete(id)
    if (found !== undefined) Deferred.doneUnsafe(found, Effect.succeed(result ?? error))
  })
  const write = (message: object) => Effect.sync(() => child.stdin.write(`${JSON.stringify(message)}\n`))
  const request = Effect.fnUntraced(function* (method: string, params: object) {
    const id = ++lastId
    const answer = yield* Deferred.make<unknown>()
    waiting.set(id, answer)
    yield* write({ jsonrpc: "2.0", id, method, params })
    return yield* Deferred.await(answer)
  })
  yield* request("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "soak", version: "1" },
  })
  yield* write({ jsonrpc: "2.0", method: "notifications/initialized" })
  return {
    call: (name, args) => Effect.map(request("tools/call", { name, arguments: args }), callResult),
    resources,
  } satisfies Client as Client
})
