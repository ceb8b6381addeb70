/** Progress notifications of one call. */
import type { ServerContext } from "@modelcontextprotocol/server"
import { Effect, Fiber } from "effect"
import type { CallValues } from "./Call.ts"

/** A client that sends no progress token receives no progress. */
export const progressOf = ({
  mcpReq: { _meta, notify },
}: ServerContext): Pick<CallValues, "wantsProgress" | "progress"> => {
  const progressToken = _meta?.progressToken
  if (progressToken === undefined) return { wantsProgress: false, progress: () => Effect.void }
  return {
    wantsProgress: true,
    progress: (update) =>
      Effect.tryPromise(() => notify({ method: "notifications/progress", params: { progressToken, ...update } })).pipe(
        Effect.catch((error) => Effect.logDebug("a progress notification could not be sent", error.message)),
        // Sent immediately in a fiber of its own: only the wait for a client that has stopped reading is interruptible.
        Effect.forkChild({ startImmediately: true }),
        Effect.flatMap((sending) => Effect.interruptible(Fiber.join(sending))),
      ),
  }
}
