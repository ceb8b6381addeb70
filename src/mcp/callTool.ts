/** Runs one tool call: approval, handler and result, with the call's log lines, span and metric. */
import type { CallToolResult, InputRequiredResult, ServerContext } from "@modelcontextprotocol/server"
import { Effect, Option, Schema, Stream } from "effect"
import type { Tool, Toolkit } from "effect/ai"
import { callerIn } from "./access/callerInfo.ts"
import { withApproval } from "./approval.ts"
import { readArguments } from "./arguments/readArguments.ts"
import { Call } from "./Call.ts"
import { type CallFacts, logged } from "./callLog.ts"
import { encodeCause, encodeOutput } from "./callResult.ts"
import { observed } from "./callTelemetry.ts"
import type { Surface } from "./elicitation.ts"
import type { SchemaNode } from "./schema/SchemaNode.ts"

interface ToolCallOptions<Tools extends Record<string, Tool.Any>, R, Result> {
  /** Names the server in internal errors. */
  readonly serverName: string
  readonly handled: Effect.Effect<Toolkit.WithHandler<Tools>, never, R>
  readonly name: keyof Tools & string
  readonly tool: Tool.Any
  /** The tool's parameters. */
  readonly parameters: () => SchemaNode
  /** From the client, not validated. */
  readonly args: unknown
  readonly context: ServerContext
  readonly surface: Surface<Result>
  readonly logFacts: CallFacts
}

/** The type `Tool.Any` hides which services its schemas need. The type of the Toolkit names them, so the caller passes them as `R`. */
const codecOf = <R>({ failureSchema, parametersSchema }: Tool.Any) => {
  type Codec = (value: unknown) => Effect.Effect<unknown, Schema.SchemaError, R>
  const options = { errors: "all", onExcessProperty: "error" } as const
  return {
    options,
    decodeParameters: Schema.decodeUnknownEffect(parametersSchema, options) as Codec,
    encodeFailure: Schema.encodeUnknownEffect(failureSchema) as Codec,
  }
}

/** Every failure becomes an error result, so the effect fails only by interruption. */
export const callTool = <
  Tools extends Record<string, Tool.Any>,
  R,
  Result extends CallToolResult | InputRequiredResult,
>({
  args,
  context,
  handled,
  logFacts,
  name,
  parameters,
  serverName,
  surface,
  tool,
}: ToolCallOptions<Tools, R, Result>): Effect.Effect<
  CallToolResult | Result,
  never,
  R | Tool.HandlerServices<Tools[keyof Tools]>
> => {
  const { decodeParameters, encodeFailure, options } = codecOf<Tool.HandlerServices<Tools[keyof Tools]>>(tool)
  const id = String(context.mcpReq.id)
  const caller = callerIn(context)
  const handle = (args: unknown) =>
    handled.pipe(
      Effect.flatMap((kit) =>
        // `handle` checks the arguments.
        kit.handle<keyof Tools>(name, args as Tool.ParametersEncoded<Tools[keyof Tools]>, id, options),
      ),
      Stream.unwrap,
      // The last output is the result; MCP has no preliminary results.
      Stream.runLast,
      Effect.map(Option.getOrThrow),
      Effect.flatMap(encodeOutput({ tool, serverName })),
    )
  const run = (args: unknown) =>
    surface.elicit((elicitation) =>
      withApproval({ tool, args, id, decodeParameters }, elicitation, (elicitation) =>
        Effect.provideService(handle(args), Call, { ...surface.values, ...elicitation }),
      ).pipe(Effect.catchCause(encodeCause({ tool, encodeFailure, serverName }))),
    )
  return Effect.suspend(() =>
    readArguments(args, { tool: name, parameters: parameters(), decode: decodeParameters }),
  ).pipe(
    Effect.catchCause(encodeCause({ tool, encodeFailure, serverName })),
    Effect.flatMap(run),
    observed(name, context),
    logged({ args, caller, facts: logFacts, tool }),
    Effect.catchTag("ErrorResult", ({ result }) => Effect.succeed(result)),
    Effect.annotateLogs({ tool: name, call: id, ...(caller === undefined ? {} : { caller: caller.subject }) }),
  )
}
