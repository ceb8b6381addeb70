/** The MCP result of a tool call: a success, a declared failure, invalid arguments, or a defect. */
import type { CallToolResult } from "@modelcontextprotocol/server"
import { Cause, Context, Data, Effect, Option, Predicate, Schema } from "effect"
import { AiError, Tool, Toolkit } from "effect/ai"
import { clip } from "../text/clip.ts"
import { plainText } from "../text/plainText.ts"
import { contentBlocks, textBlock } from "./contentBlocks.ts"
import { hasOutputSchema } from "./describeTool.ts"

/**
 * An error result on its way through the call's span, which it marks as failed. `message` names only the kind of error,
 * because spans must not hold prompts and the text of an error may quote one.
 */
export class ErrorResult extends Data.TaggedError("ErrorResult")<{
  readonly message: string
  readonly result: CallToolResult
}> {}

/** Longest error message in a result, in characters. */
const maxMessageLength = 4000

/** An error result without `structuredContent`, which older clients would check against the output schema. */
export const errorResult = (kind: string, message: string): ErrorResult =>
  new ErrorResult({
    message: kind,
    // The message may quote text from outside.
    result: { isError: true, content: [textBlock(clip(plainText(message), maxMessageLength))] },
  })

/** Strings unchanged, everything else as JSON. `undefined` has no text. */
const textOf = (encoded: unknown): ReadonlyArray<string> =>
  encoded === undefined ? [] : [typeof encoded === "string" ? encoded : JSON.stringify(encoded)]

const successResult = (tool: Tool.Any, { encodedResult, modelOutput }: Tool.HandlerResult<Tool.Any>) =>
  ({
    content: modelOutput === undefined ? textOf(encodedResult).map(textBlock) : contentBlocks(modelOutput),
    // For clients whose revision requires an object, the SDK wraps other values.
    ...(hasOutputSchema(tool) ? { structuredContent: encodedResult === undefined ? null : encodedResult } : {}),
  }) satisfies CallToolResult

/** The tag of a tagged error. */
const kindOf = (error: unknown) =>
  Predicate.hasProperty(error, "_tag") && typeof error._tag === "string" ? error._tag : "failure"

/** A failure's text: its encoding if that is a string, else an error's message, else the encoding as JSON. */
const failureText = (error: unknown, encoded: unknown) =>
  typeof encoded !== "string" && error instanceof Error && error.message !== ""
    ? error.message
    : textOf(encoded).join("")

/** An error about invalid arguments, or a failure that the tool declares. None for anything else, which is a defect. */
const expectedFailure = (
  tool: Tool.Any,
  error: unknown,
  origin: Tool.FailureOrigin,
  encoded: Option.Option<unknown>,
) => {
  if (AiError.isAiError(error) && error.reason._tag === "ToolParameterValidationError") {
    return Option.some(errorResult("invalid arguments", error.reason.message))
  }
  return origin === "handler" && Schema.is(tool.failureSchema)(error)
    ? Option.map(encoded, (encoded) => errorResult(kindOf(error), failureText(error, encoded)))
    : Option.none()
}

const defect = (serverName: string, cause: Cause.Cause<unknown>) =>
  Effect.as(
    Effect.logError("a tool call died", cause),
    errorResult("defect", `Internal error of ${serverName}; its log (stderr) has the details. Other calls still work.`),
  )

interface EncodeOptions<R> {
  readonly tool: Tool.Any
  readonly encodeFailure: (error: unknown) => Effect.Effect<unknown, Schema.SchemaError, R>
  /** Named in internal errors. */
  readonly serverName: string
}

/** Encodes a handler's output, which can be a failure with `failureMode: "return"`. */
export const encodeOutput =
  ({ serverName, tool }: Pick<EncodeOptions<never>, "serverName" | "tool">) =>
  (output: Tool.HandlerResult<Tool.Any>): Effect.Effect<CallToolResult, ErrorResult> => {
    if (!output.isFailure) return Effect.sync(() => successResult(tool, output))
    const { encodedResult, failureOrigin = "result", result } = output
    return Option.match(expectedFailure(tool, result, failureOrigin, Option.some(encodedResult)), {
      onSome: Effect.fail,
      onNone: () => Effect.flatMap(defect(serverName, Cause.fail(result)), Effect.fail),
    })
  }

/** Encodes the cause of a failed call, including defects. Interruptions are passed on. */
export const encodeCause =
  <R>({ encodeFailure, serverName, tool }: EncodeOptions<R>) =>
  (cause: Cause.Cause<unknown>): Effect.Effect<never, ErrorResult, R> => {
    if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
    const error = Cause.hasDies(cause) ? Option.none() : Cause.findErrorOption(cause)
    const died = Effect.flatMap(defect(serverName, cause), Effect.fail)
    if (Option.isNone(error)) return died
    const failure = error.value
    if (failure instanceof ErrorResult) return Effect.fail(failure)
    const origin = Context.get(Cause.annotations(cause), Toolkit.FailureOrigin)
    return Effect.option(encodeFailure(failure)).pipe(
      Effect.map((encoded) => expectedFailure(tool, failure, origin, encoded)),
      Effect.flatMap(Option.match({ onSome: Effect.fail, onNone: () => died })),
    )
  }
