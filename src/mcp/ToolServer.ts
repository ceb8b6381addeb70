/**
 * Serves any Toolkit as an MCP server on stdin and stdout.
 *
 * Read on: `describeTool.ts` (tools/list), `callTool.ts` (tools/call), `callResult.ts` (results), `elicitation.ts`
 * (questions to the person), `approval.ts`, `progress.ts`, `callTelemetry.ts`.
 */
import { McpServer } from "@modelcontextprotocol/server"
import { serveStdio } from "@modelcontextprotocol/server/stdio"
import { Deferred, Duration, Effect, FiberSet, Semaphore } from "effect"
import type { Tool, Toolkit } from "effect/ai"
import { callTool } from "./callTool.ts"
import { describeTool, parametersOf } from "./describeTool.ts"
import { useUpFirstId } from "./elicitation.ts"
import { runAsPromise } from "./runAsPromise.ts"
import { unknownTool } from "./unknownTool.ts"
import { makeStdioTransport } from "./wire/StdioTransport.ts"

export interface ServeOptions {
  readonly name: string
  readonly title: string
  readonly version: string
  /** Given to the model when the client connects. */
  readonly instructions: string
  /** Known tools that this server does not offer, each with a sentence about what makes it available. */
  readonly unavailable?: Readonly<Record<string, string>>
}

/** The tools of a process never change. Clients of revision 2026-07-28 need not list them again. */
const fixed = { ttlMs: Duration.toMillis("1 hour"), cacheScope: "private" } as const

/** A client that sends nothing but broken messages must not fill the log. */
const maxWarnings = 100

const limited = (limit: number, warn: (text: string) => void) => {
  let count = 0
  return (text: string): void => {
    count++
    if (count <= limit) warn(count < limit ? text : `${text} Further messages that cannot be used are not logged.`)
  }
}

/** Further calls wait. A call may wait for a whole turn, and needs connections and memory meanwhile. */
const maxConcurrentCalls = 256

/**
 * Serves until the client closes stdin or the fiber is interrupted; both interrupt the calls in progress. Each call runs
 * as a fiber of its own, which a cancellation interrupts.
 *
 * `handled` yields the Toolkit with its handlers, for each call: the Toolkit itself if the handlers are in the context, or an
 * effect that loads them at the first call.
 */
export const serve = Effect.fnUntraced(function* <Tools extends Record<string, Tool.Any>, R>(
  toolkit: Toolkit.Toolkit<Tools>,
  handled: Effect.Effect<Toolkit.WithHandler<Tools>, never, R>,
  options: ServeOptions,
) {
  const fork = yield* FiberSet.makeRuntime<R | Tool.HandlerServices<Tools[keyof Tools]>>()
  const closed = yield* Deferred.make<void>()
  const tools = Object.entries<Tool.Any>(toolkit.tools).map(([name, tool]) => {
    const parameters = parametersOf(tool)
    return { name, tool, parameters, description: describeTool(name, tool, parameters) }
  })

  const slots = yield* Semaphore.make(maxConcurrentCalls)
  const transport = makeStdioTransport({
    stdin: process.stdin,
    stdout: process.stdout,
    unknownTool: unknownTool(
      tools.map(({ name }) => name),
      options.unavailable,
    ),
    onUnusable: limited(maxWarnings, (reason) => fork(Effect.logWarning(reason))),
  })
  const connection = serveStdio(
    ({ era }) => {
      const server = new McpServer(
        { name: options.name, title: options.title, version: options.version },
        { instructions: options.instructions, cacheHints: { "tools/list": fixed, "server/discover": fixed } },
      )
      server.server.oninitialized = () => fork(useUpFirstId(server))
      for (const { description, name, parameters, tool } of tools) {
        server.registerTool(name, description, (args, context) =>
          runAsPromise(
            fork,
            context.mcpReq.signal,
            callTool({
              serverName: options.name,
              handled,
              name,
              tool,
              parameters,
              args,
              context,
              connection: { era, server },
            }).pipe(slots.withPermits(1)),
          ),
        )
      }
      return server
    },
    { transport, onerror: (error) => fork(Effect.logDebug("MCP", error)) },
  )
  const closeSdk = transport.onclose
  transport.onclose = () => {
    closeSdk?.()
    Deferred.doneUnsafe(closed, Effect.void)
  }
  yield* Effect.addFinalizer(() => Effect.promise(connection.close))
  yield* Deferred.await(closed)
}, Effect.scoped)
