/** Reads the tool calls of a message. */
import { Effect } from "effect"
import type { Call } from "../http/makeCall.ts"
import { type ReadToolCalls, toolCallsOf } from "../requests/toolArguments.ts"
import type { Routes } from "./routes.ts"

export const readToolCalls =
  ({ api }: Routes, call: Call): ReadToolCalls =>
  (sessionID, messageID) =>
    api.session.message({ params: { sessionID, messageID }, query: {} }).pipe(
      call("message", { session: sessionID }),
      Effect.map(({ parts }) => toolCallsOf(parts)),
    )
