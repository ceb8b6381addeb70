/** How a handler tells the client how its call gets on. */
import type { ServerContext } from "@modelcontextprotocol/server"
import { Effect, Fiber } from "effect"
import type { CallValues } from "./Call.ts"

/** Without a token from the client nobody wants progress. */
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
        // It is written at once, whatever happens. Only the wait for a client that does not read may be broken off.
        Effect.forkChild({ startImmediately: true }),
        Effect.flatMap((writing) => Effect.interruptible(Fiber.join(writing))),
      ),
  }
}
