/**
 * A Toolkit as an MCP server on stdio. It knows the SDK and Effect's Toolkit, and nothing of what the tools do.
 *
 * Each call runs as a fiber. When the client cancels it, or goes away, the fiber is interrupted.
 */
import {
  type CallToolResult,
  type InputRequiredResult,
  McpServer,
  type ServerContext,
} from "@modelcontextprotocol/server"
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio"
import { Context, Deferred, Effect, FiberSet, Option, Stream } from "effect"
import { Tool, type Toolkit } from "effect/ai"
import { Call } from "./Call.ts"
import * as Advertise from "./advertise.ts"
import { fromCause, returned, succeeded } from "./callResult.ts"
import { type Asking, useUpFirstId, withQuestions } from "./elicitation.ts"
import { progressOf } from "./progress.ts"

export interface Options {
  readonly name: string
  readonly title: string
  readonly version: string
  /** Told to the model when the client connects. */
  readonly instructions: string
}

/**
 * Serves until the client closes stdin or the fiber is interrupted; both end the calls that are under way.
 *
 * Each call runs `handled`, which gives the Toolkit with its handlers: the Toolkit itself where its handlers are in the
 * context, or an effect that loads them when the first call comes.
 */
export const serve = Effect.fn("ToolServer.serve")(function* <Tools extends Record<string, Tool.Any>, R>(
  toolkit: Toolkit.Toolkit<Tools>,
  handled: Effect.Effect<Toolkit.WithHandler<Tools>, never, R>,
  options: Options,
) {
  type Needs = R | Tool.HandlerServices<Tools[keyof Tools]>
  const fork = yield* FiberSet.makeRuntime<Needs>()
  const closed = yield* Deferred.make<void>()

  const run = (name: keyof Tools & string, tool: Tool.Any, args: unknown, context: ServerContext, asking: Asking) =>
    handled.pipe(
      // Arguments come from outside as they are; `handle` is what checks them.
      Effect.flatMap((kit) =>
        kit.handle<keyof Tools>(name, args as Tool.ParametersEncoded<Tools[keyof Tools]>, String(context.mcpReq.id), {
          errors: "all",
          onExcessProperty: "error",
        }),
      ),
      Stream.unwrap,
      Stream.runLast,
      Effect.map(Option.getOrThrow),
      Effect.map((result) => (result.isFailure ? returned(tool, result) : succeeded(result))),
      Effect.catchCause((cause) => fromCause(tool, cause)),
      Effect.tap(({ isError }) => Effect.logDebug(isError === true ? "answered with an error" : "answered")),
      Effect.withLogSpan("call"),
      Effect.provideService(Call, { ...progressOf(context), ...asking }),
      Effect.annotateLogs({ tool: name, call: context.mcpReq.id }),
    )

  const call = (
    name: string,
    { mcpReq: { signal } }: ServerContext,
    handling: Effect.Effect<CallToolResult | InputRequiredResult, never, Needs>,
  ) =>
    new Promise<CallToolResult | InputRequiredResult>((resolve, reject) => {
      const fiber = fork(handling)
      const stop = () => fiber.interruptUnsafe()
      signal.addEventListener("abort", stop)
      if (signal.aborted) stop()
      fiber.addObserver((exit) => {
        signal.removeEventListener("abort", stop)
        // The only failure that is left is an interruption: the client has gone or has cancelled, and gets no answer.
        if (exit._tag === "Success") resolve(exit.value)
        else reject(new Error(`${name} was cancelled`))
      })
    })

  const registrations = Object.entries<Tool.Any>(toolkit.tools).map(([name, tool]) => ({
    name,
    tool,
    config: {
      ...Option.match(Context.getOption(tool.annotations, Tool.Title), {
        onNone: () => ({}),
        onSome: (title) => ({ title }),
      }),
      description: Tool.getDescription(tool) ?? name,
      inputSchema: Advertise.input(tool.parametersSchema),
      outputSchema: Advertise.output(tool.successSchema),
      annotations: {
        readOnlyHint: Context.get(tool.annotations, Tool.Readonly),
        destructiveHint: Context.get(tool.annotations, Tool.Destructive),
        idempotentHint: Context.get(tool.annotations, Tool.Idempotent),
        openWorldHint: Context.get(tool.annotations, Tool.OpenWorld),
      },
    },
  }))

  const transport = new StdioServerTransport()
  const connection = serveStdio(
    ({ era }) => {
      const server = new McpServer(
        { name: options.name, title: options.title, version: options.version },
        { instructions: options.instructions },
      )
      server.server.oninitialized = () => fork(useUpFirstId(server))
      for (const { config, name, tool } of registrations) {
        server.registerTool(name, config, (args, context) =>
          call(
            name,
            context,
            withQuestions({ era, server }, context, (asking) => run(name, tool, args, context, asking)),
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
