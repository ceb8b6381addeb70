/** Reads one tool call of a message. */
import { Effect } from "effect"
import type { Call } from "../http/makeCall.ts"
import type { ReadTool } from "../requests/toolArguments.ts"
import type { Routes } from "./routes.ts"

export const readTool =
  ({ api }: Routes, call: Call): ReadTool =>
  (sessionID, { callID, messageID }) =>
    api.session.message({ params: { sessionID, messageID } }).pipe(
      call("message", { session: sessionID }),
      Effect.map(({ data }) => {
        const content = data.type === "assistant" ? data.content : []
        const item = content.find((each) => each.type === "tool" && each.id === callID)
        if (item?.type !== "tool") return undefined
        return "input" in item.state ? { status: "running", input: item.state.input } : { status: "pending", input: {} }
      }),
    )
