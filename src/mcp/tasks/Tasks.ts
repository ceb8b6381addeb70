/** Calls that go on as tasks: the client gets an id instead of waiting, and asks for the outcome from time to time. */
import type { CallToolResult, ServerContext } from "@modelcontextprotocol/server"
import { Clock, type Duration, Effect, Fiber, Option, PartitionedSemaphore, Stream, SubscriptionRef } from "effect"
import type { ToolRequest } from "../toolServers.ts"
import { callerIn } from "../access/callerInfo.ts"
import { type Elicitation, canAskIn, repliesIn, type Surface } from "../elicitation.ts"
import { makeFollowedCall } from "./followedCall.ts"
import type { TaskRequest } from "./offerTasks.ts"
import { formatTaskId, parseTaskId, type TaskIdParts } from "./taskId.ts"
import { hasNews, view } from "./taskState.ts"
import { makeTaskTable, type Task } from "./taskTable.ts"
import { createTaskResult } from "./taskWire.ts"

/** The call that continues a task. */
export interface Resumption {
  readonly name: string
  readonly args: unknown
}

export interface TaskOptions {
  /** The call that continues the work of a task which this process does not know. Its tool must change nothing. */
  readonly resume: (state: string) => Resumption | undefined
  /** What the status of a cancelled task says. */
  readonly cancelled: string
}

/** A call that takes longer becomes a task. */
const becomesTaskAfter: Duration.Input = "1500 millis"

/** How long a client waits for the outcome of a task that this process has to look up. */
const lookedUpWithin: Duration.Input = "1 second"

/** Begins the state of a task that nothing can continue in another process. */
const onlyHere = "!"

const ownerOf = (context: ServerContext) => callerIn(context)?.subject ?? ""

/** A task belongs to its caller. For another caller, the same id is a task of another process. */
const keyOf = (taskId: string, context: ServerContext) => `${ownerOf(context)} ${taskId}`

export interface Running<R> {
  readonly run: (request: ToolRequest, surface: Surface<CallToolResult>) => Effect.Effect<CallToolResult, never, R>
  /** Whether the caller of this request may make the call that continues a task. */
  readonly mayResume: (call: Resumption, context: ServerContext) => boolean
}

const untilNews = ({ state }: Task["call"]) =>
  SubscriptionRef.changes(state).pipe(Stream.filter(hasNews), Stream.take(1), Stream.runDrain)

export const makeTasks = Effect.fnUntraced(function* <R>(
  { cancelled, resume }: TaskOptions,
  { mayResume, run }: Running<R>,
) {
  const scope = yield* Effect.scope
  // One lookup of each caller at a time, so that a caller with many tasks does not delay the others.
  const oneLookup = yield* PartitionedSemaphore.make<string>({ permits: 1 })
  const table = makeTaskTable()

  const start = Effect.fnUntraced(function* (request: ToolRequest, createdAt: number, resumed: Elicitation["resumed"]) {
    const call = yield* makeFollowedCall({ context: request.context, createdAt, resumed })
    const work = run(request, call.surface).pipe(Effect.tap((result) => call.tell({ _tag: "Completed", result })))
    return { call, fiber: yield* Effect.forkIn(work, scope), owner: ownerOf(request.context) }
  })

  const admit = Effect.fnUntraced(function* (task: Task, { context }: ToolRequest, createdAt: number) {
    const state = yield* task.call.leaveRequest
    const id =
      (state === undefined ? undefined : formatTaskId({ createdAt, state })) ??
      formatTaskId({ createdAt, state: `${onlyHere}${crypto.randomUUID()}` })
    if (id === undefined) return yield* Effect.never
    const now = yield* Clock.currentTimeMillis
    table.set(keyOf(id, context), task, now)
    return createTaskResult(view(id, yield* SubscriptionRef.get(task.call.state), now))
  })

  /** Continues the work of a task that is not known here. */
  const lookUp = Effect.fnUntraced(function* (call: Resumption, parts: TaskIdParts, about: TaskRequest) {
    const { context, server, taskId } = about
    const known = table.get(keyOf(taskId, context))
    if (known !== undefined || !table.hasRoom(ownerOf(context))) return known
    const request = { ...call, context, connection: { era: "modern", server } } as const
    const resumed = Option.some({ state: parts.state, reply: { action: "cancel" } } as const)
    const task = yield* start(request, parts.createdAt, resumed)
    yield* task.call.leaveRequest
    table.set(keyOf(taskId, context), task, yield* Clock.currentTimeMillis)
    yield* Effect.timeoutOption(untilNews(task.call), lookedUpWithin)
    return task
  })

  /** The task, if need be by continuing its work. Undefined if there is none. */
  const find = Effect.fnUntraced(function* (request: TaskRequest) {
    const { context, taskId } = request
    const parts = parseTaskId(taskId)
    const call = parts === undefined ? undefined : resume(parts.state)
    if (call !== undefined && !mayResume(call, context)) return undefined
    const known = table.get(keyOf(taskId, context))
    if (known !== undefined || parts === undefined || call === undefined) return known
    return yield* oneLookup.withPermits(ownerOf(context), 1)(lookUp(call, parts, request))
  })

  return {
    /** The tool's result, or a task if it does not come soon. Until then the client can cancel the request. */
    call: Effect.fnUntraced(function* (request: ToolRequest) {
      const createdAt = yield* Clock.currentTimeMillis
      const task = yield* start(request, createdAt, Option.none())
      const isLate = Effect.raceFirst(Effect.sleep(becomesTaskAfter), untilNews(task.call))
      const becomesTask = Effect.gen(function* () {
        yield* Effect.all([isLate, task.call.checkpointed], { concurrency: "unbounded" })
        return table.hasRoom(task.owner) ? yield* admit(task, request, createdAt) : yield* Effect.never
      })
      return yield* Effect.raceFirst(Fiber.join(task.fiber), becomesTask).pipe(
        Effect.onInterrupt(() => Fiber.interrupt(task.fiber)),
      )
    }),
    get: Effect.fnUntraced(function* (request: TaskRequest) {
      const task = yield* find(request)
      if (task === undefined) return undefined
      return view(request.taskId, yield* SubscriptionRef.get(task.call.state), yield* Clock.currentTimeMillis)
    }),
    update: Effect.fnUntraced(function* (request: TaskRequest) {
      const task = yield* find(request)
      if (task === undefined) return undefined
      if (!canAskIn(request.context)) return {}
      yield* Effect.forEach(repliesIn(request.context), ([key, reply]) => task.call.answer(key, reply))
      return {}
    }),
    /** Ends the waiting for the work, not the work. */
    cancel: Effect.fnUntraced(function* ({ context, taskId }: TaskRequest) {
      const task = table.get(keyOf(taskId, context))
      if (task === undefined) return parseTaskId(taskId) === undefined ? undefined : {}
      yield* task.call.tell({ _tag: "Cancelled", message: cancelled })
      yield* Fiber.interrupt(task.fiber)
      return {}
    }),
  }
})
