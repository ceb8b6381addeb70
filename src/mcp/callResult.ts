/** What a client gets of a tool's end: of its success, of a failure that the tool declared, of a defect. */
import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/server"
import { Cause, Effect, Option } from "effect"
import { AiError, type Tool } from "effect/ai"
import { plainText } from "../PlainText.ts"

const text = (text: string): ContentBlock => ({ type: "text", text })

/** The message may quote what others have written. */
export const failed = (message: string): CallToolResult => ({ isError: true, content: [text(plainText(message))] })

export const succeeded = ({ encodedResult, modelOutput }: Tool.HandlerResult<Tool.Any>): CallToolResult => ({
  content: modelOutput?.flatMap((part) => (part.type === "text" ? [text(part.text)] : [])) ?? [
    text(JSON.stringify(encodedResult)),
  ],
  structuredContent: encodedResult,
})

/** The sentence that a caller may read, if the failure is one that the tool or its parameters declare. */
const declared = (error: unknown, parameters: string): Option.Option<string> => {
  if (!AiError.isAiError(error)) return error instanceof Error ? Option.some(error.message) : Option.none()
  return error.reason._tag === "ToolParameterValidationError"
    ? Option.some(`${error.reason.message}\n${parameters}`)
    : Option.none()
}

/**
 * A declared failure becomes an error result with its own sentence, without `structuredContent`: older clients check
 * that against the output schema even then. Anything else is a defect of this program: it goes to the log, and the
 * server lives on.
 */
export const fromCause =
  (parameters: string) =>
  (cause: Cause.Cause<unknown>): Effect.Effect<CallToolResult> => {
    const message = Cause.hasDies(cause)
      ? Option.none()
      : Option.flatMap(Cause.findErrorOption(cause), (error) => declared(error, parameters))
    return Option.match(message, {
      onSome: (message) => Effect.succeed(failed(message)),
      onNone: () =>
        Effect.as(
          Effect.logError("a tool call died", cause),
          failed("Internal error of opencode-fleet; its log (stderr) has the details. Other calls go on working."),
        ),
    })
  }
