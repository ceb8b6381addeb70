/** An MCP client of the built executable that makes many calls at once for a long time. */
import { Deferred, Effect, FileSystem, Option, Schema } from "effect"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { executable } from "../support/Executable.ts"

const Result = Schema.Struct({
  isError: Schema.optional(Schema.Boolean),
  content: Schema.Array(Schema.Struct({ text: Schema.String })),
  structuredContent: Schema.optional(Schema.Record(Schema.String, Schema.Unknown)),
})

const Answer = Schema.fromJsonString(
  Schema.Struct({ id: Schema.Int, result: Schema.optional(Schema.Unknown), error: Schema.optional(Schema.Unknown) }),
)
const decodeAnswer = Schema.decodeOption(Answer)
const decodeResult = Schema.decodeUnknownOption(Result)

export interface CallResult {
  readonly isError: boolean
  readonly text: string
  readonly structured: Readonly<Record<string, unknown>>
}

export interface Resources {
  readonly megabytes: number
  readonly descriptors: number
}

/** Starts the executable. Closing the scope ends it. */
export const startClient = Effect.fnUntraced(function* (environment: Record<string, string>) {
  const fs = yield* FileSystem.FileSystem
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [executable], { env: environment, stdio: ["pipe", "pipe", "ignore"] })),
    (child) => Effect.sync(() => child.kill("SIGKILL")),
  )
  const waiting = new Map<number, Deferred.Deferred<unknown>>()
  let lastId = 0
  child.stdin.on("error", () => {})
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
    call: Effect.fnUntraced(function* (name: string, args: object) {
      const answer = yield* request("tools/call", { name, arguments: args })
      return Option.match(decodeResult(answer), {
        onNone: (): CallResult => ({ isError: true, text: `no result: ${JSON.stringify(answer)}`, structured: {} }),
        onSome: ({ content, isError = false, structuredContent = {} }): CallResult => ({
          isError,
          text: content.map(({ text }) => text).join("\n"),
          structured: structuredContent,
        }),
      })
    }),
    /** Needs `/proc`. */
    resources: Effect.gen(function* () {
      const status = yield* fs.readFileString(`/proc/${child.pid}/status`)
      const descriptors = yield* fs.readDirectory(`/proc/${child.pid}/fd`)
      const resources: Resources = {
        megabytes: Math.round(Number(/VmRSS:\s+(\d+)/u.exec(status)?.[1]) / 1024),
        descriptors: descriptors.length,
      }
      return resources
    }).pipe(Effect.orDie),
  }
})

export type Client = Effect.Success<ReturnType<typeof startClient>>
