/** The events of all directories of a server. */
import { Effect, Stream } from "effect"
import type { Call } from "../http/makeCall.ts"
import type { Opencode } from "../Opencode.ts"
import { completeEvents } from "../requests/toolArguments.ts"
import { quote } from "../../text/plainText.ts"
import type { Target } from "../Target.ts"
import { eventFrames } from "../http/eventStream.ts"
import type { MessageServices } from "./messageRequests.ts"
import { readToolCalls } from "./readToolCalls.ts"
import type { Routes } from "./routes.ts"
import { makeTranslator, needsWorktree } from "./translateEvents.ts"

/** Timeout of connecting in milliseconds. */
const connectTimeout = 3000

export const eventRequests = (routes: Routes, call: Call, target: Target, { refused, worktrees }: MessageServices) => {
  // The translator knows a tool call only if it has seen it.
  const toolCalls = readToolCalls(routes, call)
  /** A failure to find the directory of changed files is ignored, because the stored state reports them again. */
  const worktreeOf = (frame: unknown) => {
    const session = needsWorktree(frame)
    return session === undefined
      ? Effect.succeed("")
      : worktrees(target, session).pipe(
          Effect.timeout("2 seconds"),
          Effect.orElseSucceed(() => ""),
        )
  }
  return {
    events: routes.events({ responseMode: "response-only" }).pipe(
      Effect.map((response) => {
        const unknown: Array<string> = []
        const translate = makeTranslator(refused, (type) => unknown.push(type))
        const logUnknown = Effect.suspend(() =>
          unknown.length === 0
            ? Effect.void
            : Effect.logDebug(`events are not understood: ${quote(unknown.splice(0).join(", "))}`),
        )
        return eventFrames(response.stream).pipe(
          Stream.mapEffect((frame) =>
            worktreeOf(frame).pipe(
              Effect.map((worktree) => translate(frame, worktree)),
              Effect.tap(logUnknown),
              Effect.flatMap((events) => completeEvents(toolCalls, events)),
            ),
          ),
          Stream.flattenIterable,
        )
      }),
      call("events", { timeout: connectTimeout }),
    ),
  } satisfies Partial<Opencode>
}
