/** Reads one tool call of a message. */
import { Effect } from "effect"
import type { Call } from "../http/makeCall.ts"
import type { ReadTool } from "../requests/toolArguments.ts"
import type { Routes } from "./routes.ts"

export const readTool =
  ({ api }: Routes, call: Call): ReadTool =>
  (sessionID, { callID, messageID }) =>
    api.session.message({ params: { sessionID, messageID }, query: {} }).pipe(
      call("message", { session: sessionID }),
      Effect.map(({ parts }) => {
        const part = parts.find((each) => each.type === "tool" && each.callID === callID)
        return part?.type === "tool" ? part.state : undefined
      }),
    )
