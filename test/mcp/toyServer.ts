/** An MCP server of small tools for tests of `serve`: `node toyServer.ts` serves them on stdio. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Array, Console, Effect, Layer, Logger, Metric, Schema } from "effect"
import { reportedSpans } from "./reportedSpans.ts"
import { Tool, Toolkit } from "effect/ai"
import { teardown } from "../../src/cli/server/program.ts"
import { serve } from "../../src/mcp/ToolServer.ts"
import { Call, LongRunning } from "../../src/mcp/Call.ts"
import * as Asking from "./askingToys.ts"
import * as Varied from "./variedTools.ts"

const Toys = Toolkit.make(
  Tool.make("break", { description: "Dies", success: Schema.Struct({}) }),
  Tool.make("count", { description: "Reports three steps", success: Schema.Struct({ wanted: Schema.Boolean }) }),
  Tool.make("flood", { description: "Sends more progress than a pipe can hold", success: Schema.Struct({}) }),
  Tool.make("greet", {
    description: "Returns what it was called with",
    parameters: Schema.Struct({
      name: Schema.optionalKey(Schema.String),
      title: Schema.optionalKey(Schema.NullOr(Schema.String)),
    }),
    success: Schema.Struct({ greeted: Schema.Unknown }),
  }),
  Tool.make("metrics", { description: "The metrics of tool calls", success: Schema.Array(Schema.Unknown) }),
  Tool.make("wait", {
    description: "Never ends, and reports its interruption on stderr",
    success: Schema.Struct({}),
  }).annotate(LongRunning, true),
)

const layer = Toys.toLayer({
  break: () => Effect.die(new Error("a toy is broken")),
  count: () =>
    Effect.gen(function* () {
      const call = yield* Call
      yield* Effect.forEach([1, 2, 3], (progress) => call.progress({ progress, message: `step ${progress}` }))
      return { wanted: call.wantsProgress }
    }),
  flood: () =>
    Effect.gen(function* () {
      const call = yield* Call
      yield* Console.error("flooding")
      const message = "x".repeat(100_000)
      yield* Effect.forEach(Array.range(1, 100), (progress) =>
        Effect.uninterruptible(call.progress({ progress, message })),
      )
      return {}
    }),
  greet: (greeted) => Effect.succeed({ greeted }),
  metrics: () =>
    Effect.map(Metric.snapshot, (metrics) =>
      metrics.flatMap(({ attributes, id, state }) => (id === "mcp.tool.calls" ? [{ attributes, state }] : [])),
    ).pipe(Effect.withSpan("read metrics")),
  wait: () =>
    Console.error("waiting").pipe(
      Effect.andThen(Effect.never),
      Effect.onInterrupt(() => Console.error("stopped")),
    ),
})

const AllToys = Toolkit.merge(Toys, Asking.AskingToys, Varied.VariedTools, Varied.AskingVariedTools)

serve(AllToys, AllToys, { name: "toys", title: "Toys", version: "1.0.0", instructions: "Play" }).pipe(
  Effect.provide(Layer.mergeAll(layer, Asking.layer, Varied.layer, Varied.askingLayer)),
  Effect.withTracer(reportedSpans),
  Effect.provideService(Logger.LogToStderr, true),
  NodeRuntime.runMain({ teardown }),
)
