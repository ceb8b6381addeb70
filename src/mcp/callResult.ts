/** What a client gets of a tool's end: of its success, of a failure that the tool declared, of a defect. */
import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/server"
import { Cause, Effect, Option, Schema } from "effect"
import { AiError, Tool } from "effect/ai"
import { clip, plainText } from "../text/plainText.ts"

const text = (text: string): ContentBlock => ({ type: "text", text })

/** A sentence, not a document. */
const longestMessage = 4000

/** The message may quote what others have written. */
export const failed = (message: string): CallToolResult => ({
  isError: true,
  content: [text(clip(plainText(message), longestMessage))],
})

export const succeeded = ({ encodedResult, modelOutput }: Tool.HandlerResult<Tool.Any>): CallToolResult => ({
  content: modelOutput?.flatMap((part) => (part.type === "text" ? [text(part.text)] : [])) ?? [
    text(JSON.stringify(encodedResult)),
  ],
  structuredContent: encodedResult,
})

const decodeObjectSchema = Schema.decodeUnknownSync(
  Schema.Struct({
    properties: Schema.Record(Schema.String, Schema.Unknown).pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
    required: Schema.Array(Schema.String).pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  }),
)

/** What a caller who got a parameter wrong needs to know. */
const parametersText = (tool: Tool.Any): string => {
  const { properties, required } = decodeObjectSchema(Tool.getJsonSchema(tool))
  const names = Object.keys(properties).map((name) => (required.includes(name) ? `${name} (required)` : name))
  return names.length === 0
    ? `${tool.name} takes no parameters.`
    : `The parameters of ${tool.name} are: ${names.join(", ")}.`
}

/** The sentence that a caller may read, if the failure is one that the tool or its parameters declare. */
const declared = (tool: Tool.Any, error: unknown): Option.Option<string> => {
  if (!AiError.isAiError(error)) return error instanceof Error ? Option.some(error.message) : Option.none()
  return error.reason._tag === "ToolParameterValidationError"
    ? Option.some(`${error.reason.message}\n${parametersText(tool)}`)
    : Option.none()
}

/**
 * A failure that a tool returns (`failureMode: "return"`): its text if it is encoded as one, else JSON. Parameters that
 * do not match their schema are reported as for any other tool.
 */
export const returned = (tool: Tool.Any, { encodedResult, result }: Tool.HandlerResult<Tool.Any>): CallToolResult =>
  failed(
    typeof encodedResult === "string"
      ? encodedResult
      : Option.getOrElse(declared(tool, result), () => JSON.stringify(encodedResult)),
  )

/**
 * A declared failure becomes an error result with its own sentence, without `structuredContent`: older clients check
 * that against the output schema even then. Anything else is a defect of this program: it goes to the log, and the
 * server lives on.
 */
export const fromCause = (tool: Tool.Any, cause: Cause.Cause<unknown>): Effect.Effect<CallToolResult> => {
  const message = Cause.hasDies(cause)
    ? Option.none()
    : Option.flatMap(Cause.findErrorOption(cause), (error) => declared(tool, error))
  return Option.match(message, {
    onSome: (message) => Effect.succeed(failed(message)),
    onNone: () =>
      Effect.as(
        Effect.logError("a tool call died", cause),
        failed("Internal error of opencode-fleet; its log (stderr) has the details. Other calls go on working."),
      ),
  })
}
