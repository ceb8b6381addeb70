/** Runs the calls of a connection in Effect. */
import type { CallToolResult, InputRequiredResult, ServerContext } from "@modelcontextprotocol/server"
import { Clock, Context, Duration, Effect, FiberSet, Latch, Semaphore } from "effect"
import { Tool, type Toolkit } from "effect/ai"
import type { Caller } from "./access/Gate.ts"
import { callerIn } from "./access/callerInfo.ts"
import { LongRunning } from "./Call.ts"
import type { CallFacts } from "./callLog.ts"
import { errorResult } from "./callResult.ts"
import { callTool } from "./callTool.ts"
import { parametersOf } from "./describeTool.ts"
import { openWhileAsking, type Surface, useUpFirstId, withElicitation, withoutForms } from "./elicitation.ts"
import { progressOf } from "./progress.ts"
import { runAsPromise } from "./runAsPromise.ts"
import { makeTasks, type Resumption, type TaskOptions } from "./tasks/Tasks.ts"
import { announcesTasks } from "./tasks/taskWire.ts"
import type { Backend, ToolRequest } from "./toolServers.ts"

/** Tasks wait for hours. They must not take the place of calls. */
const maxConcurrentTasks = 1000

export interface BackendOptions {
  /** Named in internal errors. */
  readonly serverName: string
  /** How calls of tools that are `LongRunning` go on as tasks. Default: they do not. */
  readonly tasks?: TaskOptions | undefined
  /** Whether a caller may be shown forms. Default: yes. */
  readonly mayAsk?: (caller: Caller | undefined) => boolean
  /** The answer to a call that is still running at the end. `isAsking`: it was waiting for a person. */
  readonly endingText?: (call: { readonly name: string; readonly args: unknown; readonly isAsking: boolean }) => string
  /** Default: {@link onStop}. */
  readonly grace?: Grace
  /** What the log says about a call, besides the tool and the caller. Default: nothing. */
  readonly logFacts?: CallFacts
  /** Further calls wait. A call may wait for a whole turn, and needs connections and memory meanwhile. Default: 256. */
  readonly maxConcurrentCalls?: number
  /** Whether a caller may call the tool that continues a task. Calls of clients are checked before. Default: yes. */
  readonly mayCall?: (caller: Caller | undefined, tool: string) => boolean
}

/** How long a call that is running at the end may go on. One that waits for a person ends at once. */
export type Grace = (call: {
  /** A call of a `LongRunning` tool. */
  readonly isLong: boolean
  readonly isReadonly: boolean
  /** Since it arrived, in milliseconds. */
  readonly age: number
}) => Duration.Input

/** The server is being stopped, which must not take long. */
const onStop: Grace = ({ isLong }) => (isLong ? 0 : "500 millis")

/** A shell's pipe ends right after its requests. */
const piped = 500

/**
 * The client sends nothing more, and may wait for its answers, as a shell's pipe does. A client that leaves during a call may
 * repeat it at another server, so that only calls that change nothing go on.
 */
export const onInputEnd: Grace = ({ age, isLong, isReadonly }) =>
  age < piped || (isReadonly && !isLong) ? "5 seconds" : 0

const defaultEndingText = () => "The server was stopped during this call."

/**
 * Each call runs as a fiber of its own, which a cancellation and the end of the scope interrupt.
 *
 * `handled` yields the Toolkit with its handlers, for each call: the Toolkit itself if the handlers are in the context, or an
 * effect that loads them at the first call.
 */
export const makeBackend = Effect.fnUntraced(function* <Tools extends Record<string, Tool.Any>, R>(
  toolkit: Toolkit.Toolkit<Tools>,
  handled: Effect.Effect<Toolkit.WithHandler<Tools>, never, R>,
  {
    endingText = defaultEndingText,
    grace = onStop,
    logFacts = () => ({}),
    maxConcurrentCalls = 256,
    mayAsk = () => true,
    mayCall = () => true,
    serverName,
    tasks: taskOptions,
  }: BackendOptions,
) {
  const fork = yield* FiberSet.makeRuntime<R | Tool.HandlerServices<Tools[keyof Tools]>>()
  const slots = yield* Semaphore.make(maxConcurrentCalls)
  const taskSlots = yield* Semaphore.make(maxConcurrentTasks)
  const ending = yield* Latch.make()
  const tools = new Map(
    Object.entries<Tool.Any>(toolkit.tools).map(([name, tool]) => [name, { tool, parameters: parametersOf(tool) }]),
  )
  const isAskable = (context: ServerContext) => mayAsk(callerIn(context))
  const run = <Result extends CallToolResult | InputRequiredResult>(
    { args, context, name }: ToolRequest,
    surface: Surface<Result>,
  ) => {
    const known = tools.get(name)
    if (known === undefined) return Effect.die(new Error(`the Toolkit has no tool ${name}`))
    const allowed = isAskable(context) ? surface : withoutForms(surface)
    return callTool({ ...known, args, context, name, serverName, handled, surface: allowed, logFacts })
  }
  const resumable = ({ cancelled, resume }: TaskOptions): TaskOptions => ({
    cancelled,
    // The id of a task comes from the client, so it must not change anything.
    resume: (state) => {
      const call = resume(state)
      const tool = call === undefined ? undefined : tools.get(call.name)?.tool
      return tool !== undefined && Context.get(tool.annotations, Tool.Readonly) ? call : undefined
    },
  })
  const running = {
    run: (request: ToolRequest, surface: Surface<CallToolResult>) => taskSlots.withPermit(run(request, surface)),
    mayResume: ({ name }: Resumption, context: ServerContext) => mayCall(callerIn(context), name),
  }
  const tasks = taskOptions === undefined ? undefined : yield* makeTasks(resumable(taskOptions), running)
  const isAnnotated = ({ name }: ToolRequest, annotation: Context.Reference<boolean>) => {
    const tool = tools.get(name)?.tool
    return tool !== undefined && Context.get(tool.annotations, annotation)
  }
  const isLong = (request: ToolRequest) => isAnnotated(request, LongRunning)
  /** Waits for the end. Returns how long a call may go on then. */
  const graceAtEnd = Effect.fnUntraced(function* (request: ToolRequest, startedAt: number) {
    yield* ending.await
    const age = (yield* Clock.currentTimeMillis) - startedAt
    return grace({ age, isLong: isLong(request), isReadonly: isAnnotated(request, Tool.Readonly) })
  })
  const call = Effect.fnUntraced(function* (request: ToolRequest) {
    const { args, clientGone, connection, context, name } = request
    const mayBecomeTask = isLong(request) && connection.era === "modern" && announcesTasks(context)
    const asking = yield* Latch.make()
    const graced = graceAtEnd(request, yield* Clock.currentTimeMillis)
    const unheard = Effect.flatMap(graced, (time) => (Duration.toMillis(time) === 0 ? Effect.void : Effect.never))
    const surface = {
      elicit: withElicitation(connection, context),
      values: { ...progressOf(context), clientGone, unheard },
    }
    // Since 2026-07-28, a question is the answer to its call.
    const watched = connection.era === "modern" ? surface : openWhileAsking(asking, surface)
    return yield* Effect.raceFirst(
      tasks !== undefined && mayBecomeTask ? tasks.call(request) : slots.withPermit(run(request, watched)),
      // A task has no such answer: the next server continues it.
      Effect.raceFirst(
        Effect.as(Effect.flatMap(graced, Effect.sleep), false),
        Effect.as(Effect.andThen(ending.await, asking.await), true),
      ).pipe(Effect.map((isAsking) => errorResult("ending", endingText({ name, args, isAsking })).result)),
    )
  })
  const asPromise = <A>(
    context: ServerContext,
    effect: Effect.Effect<A, never, R | Tool.HandlerServices<Tools[keyof Tools]>>,
  ) => runAsPromise(fork, context.mcpReq.signal, effect)
  const backend: Backend = {
    call: (request) => asPromise(request.context, call(request)),
    ...(tasks === undefined
      ? {}
      : {
          tasks: {
            get: (request) => asPromise(request.context, tasks.get(request)),
            // The replies to forms decide.
            update: (request) =>
              asPromise(request.context, isAskable(request.context) ? tasks.update(request) : Effect.succeed({})),
            cancel: (request) => asPromise(request.context, tasks.cancel(request)),
          },
        }),
    initialized: (server) => void fork(useUpFirstId(server)),
    unusable: (reason) => void fork(Effect.logWarning(reason)),
    failed: (error) => void fork(Effect.logDebug("MCP", error)),
    end: () => void ending.openUnsafe(),
  }
  return backend
})
