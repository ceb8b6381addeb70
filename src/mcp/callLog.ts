/** One line of the log for each call: at info if it changes something for a caller over HTTP, otherwise at debug. */
import type { CallToolResult, InputRequiredResult } from "@modelcontextprotocol/server"
import { Cause, Context, Effect, type Exit } from "effect"
import { Tool } from "effect/ai"
import type { Caller } from "./access/Gate.ts"
import { type CallEnd, endOf } from "./callEnd.ts"
import type { ErrorResult } from "./callResult.ts"

/** Facts about a call for the log. They must hold no prompts, answers or secrets. `structured`: its structured content, if any. */
export type CallFacts = (call: {
  readonly args: unknown
  readonly structured: unknown
}) => Readonly<Record<string, string>>

type Result = CallToolResult | InputRequiredResult

interface LoggedCall {
  readonly tool: Tool.Any
  readonly caller: Caller | undefined
  readonly args: unknown
  readonly facts: CallFacts
}

const sentences: Readonly<Record<CallEnd, string>> = {
  success: "answered",
  question: "answered with a question",
  error: "answered with an error",
  cancelled: "interrupted",
}

const errorOf = (exit: Exit.Exit<Result, ErrorResult>) => {
  const failure = exit._tag === "Failure" ? exit.cause.reasons.find(Cause.isFailReason) : undefined
  return failure === undefined ? {} : { error: failure.error.message }
}

const structuredIn = (exit: Exit.Exit<Result, ErrorResult>): unknown =>
  exit._tag === "Success" && "structuredContent" in exit.value ? exit.value.structuredContent : undefined

export const logged =
  ({ args, caller, facts, tool }: LoggedCall) =>
  <A extends Result, R>(call: Effect.Effect<A, ErrorResult, R>) => {
    const level = caller === undefined || Context.get(tool.annotations, Tool.Readonly) ? "Debug" : "Info"
    return call.pipe(
      Effect.onExit((exit) =>
        Effect.logWithLevel(level)(sentences[endOf(exit)]).pipe(
          Effect.annotateLogs({ ...facts({ args, structured: structuredIn(exit) }), ...errorOf(exit) }),
        ),
      ),
      Effect.withLogSpan("took"),
    )
  }
