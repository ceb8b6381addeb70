/** Reads the tool calls of a message. */
import { Effect } from "effect"
import type { Call } from "../http/makeCall.ts"
import type { ReadToolCalls } from "../requests/toolArguments.ts"
import type { ToolState } from "../sessions/Message.ts"
import type { Routes } from "./routes.ts"

export const readToolCalls =
  ({ api }: Routes, call: Call): ReadToolCalls =>
  (sessionID, messageID) =>
    api.session.message({ params: { sessionID, messageID } }).pipe(
      call("message", { session: sessionID }),
      Effect.map(({ data }) => {
        const content = data.type === "assistant" ? data.content : []
        return new Map(
          content.flatMap((item) => {
            if (item.type !== "tool") return []
            const state: ToolState =
              "input" in item.state ? { status: "running", input: item.state.input } : { status: "pending", input: {} }
            return [[item.id, state] as const]
          }),
        )
      }),
    )
