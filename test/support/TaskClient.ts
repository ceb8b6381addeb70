/** A client of revision 2026-07-28 that follows calls as tasks, as Claude Code does. The SDK's client cannot. */
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { Relay } from "./Executable.ts"
import { startRaw } from "./RawServer.ts"
import { meta2026 } from "./meta2026.ts"
import { eventually } from "./eventually.ts"

const opt = Schema.optionalKey

const Result = Schema.Struct({
  content: Schema.Array(Schema.Struct({ type: Schema.Literal("text"), text: Schema.String })),
  structuredContent: opt(Schema.Record(Schema.String, Schema.Unknown)),
  isError: opt(Schema.Boolean),
})

const Task = Schema.Struct({
  taskId: Schema.String,
  status: Schema.Literals(["working", "input_required", "completed", "cancelled", "failed"]),
  statusMessage: opt(Schema.String),
  createdAt: Schema.String,
  lastUpdatedAt: Schema.String,
  ttlMs: Schema.NullOr(Schema.Int),
  pollIntervalMs: Schema.Int,
  inputRequests: opt(
    Schema.Record(
      Schema.String,
      Schema.Struct({
        method: Schema.Literal("elicitation/create"),
        params: Schema.Struct({ message: Schema.String, requestedSchema: Schema.Unknown }),
      }),
    ),
  ),
  result: opt(Result),
})
export type Task = typeof Task.Type

const asTask = Schema.decodeUnknownEffect(Task)
const asResult = Schema.decodeUnknownEffect(Result)

export interface TaskClientOptions {
  /** Default: true. */
  readonly announcesTasks?: boolean
  /** Whether it shows forms. Default: true. */
  readonly showsForms?: boolean
}

/** Starts the executable. Closing the scope kills it. */
export const startTaskClient = Effect.fn("startTaskClient")(function* (
  relay: Relay,
  { announcesTasks = true, showsForms = true }: TaskClientOptions = {},
) {
  const server = yield* startRaw(relay)
  const _meta = meta2026(
    {
      ...(announcesTasks ? { extensions: { "io.modelcontextprotocol/tasks": {} } } : {}),
      ...(showsForms ? { elicitation: { form: {} } } : {}),
    },
    { name: "tasks", version: "1" },
  )
  const request = (method: string, params: object = {}) => server.request(method, { ...params, _meta })
  const resultOf = (method: string, params: object) =>
    Effect.flatMap(request(method, params), ({ error, result }) => {
      assert.isUndefined(error, JSON.stringify(error))
      return Effect.fromNullishOr(result)
    }).pipe(Effect.orDie)
  const get = (taskId: string) => Effect.orDie(Effect.flatMap(resultOf("tasks/get", { taskId }), asTask))
  return {
    ...server,
    request,
    /** Sends a call without waiting for its answer, and returns its id. */
    sendCall: (name: string, parameters: object) => server.send("tools/call", { name, arguments: parameters, _meta }),
    /** The result of a call, which must not become a task. */
    call: (name: string, parameters: object) =>
      Effect.orDie(Effect.flatMap(resultOf("tools/call", { name, arguments: parameters }), asResult)),
    /** The task that a call becomes. */
    begin: (name: string, parameters: object) =>
      resultOf("tools/call", { name, arguments: parameters }).pipe(
        Effect.tap(({ resultType }) => Effect.sync(() => assert.strictEqual(resultType, "task"))),
        Effect.flatMap(asTask),
        Effect.orDie,
      ),
    get,
    /** Asks for the task until it is as wanted. */
    until: (taskId: string, isWanted: (task: Task) => boolean) => get(taskId).pipe(eventually(isWanted), Effect.orDie),
    answer: (taskId: string, key: string, content: object) =>
      resultOf("tasks/update", { taskId, inputResponses: { [key]: { action: "accept", content } } }),
    cancel: (taskId: string) => resultOf("tasks/cancel", { taskId }),
  }
})
