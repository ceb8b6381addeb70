/** Progress notifications of one call. */
import type { ServerContext } from "@modelcontextprotocol/server"
import { Duration, Effect, Fiber } from "effect"
import type { CallValues } from "./Call.ts"

/** Most clients time out after 60 s without progress; the rest is a safety margin. */
const withoutProgress = Duration.seconds(47)

/** A client that sends no progress token receives no progress, so it needs its answer before it times out. */
export const progressOf = ({
  mcpReq: { _meta, notify },
}: ServerContext): Pick<CallValues, "wantsProgress" | "answerWithin" | "progress"> => {
  const progressToken = _meta?.progressToken
  if (progressToken === undefined) {
    return { wantsProgress: false, answerWithin: withoutProgress, progress: () => Effect.void }
  }
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
