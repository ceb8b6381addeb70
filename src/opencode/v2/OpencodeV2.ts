/** opencode 2 (2.0.15): the implementation of the port. Nothing else of this folder is imported from outside. */
import { Effect, Layer } from "effect"
import { makeCall } from "../http/makeCall.ts"
import { type Capabilities, type Opencode, OpencodeClient } from "../Opencode.ts"
import type { Target } from "../Target.ts"
import { elsewhere } from "./elsewhere.ts"
import { commandRequests } from "./commandRequests.ts"
import { decisionRequests } from "./decisionRequests.ts"
import { eventRequests } from "./eventRequests.ts"
import { maxSilence } from "./inactivity.ts"
import { messageRequests } from "./messageRequests.ts"
import { namingMissingDirectories } from "./missingDirectory.ts"
import { promptRequests } from "./promptRequests.ts"
import { readySession } from "./readySession.ts"
import { makeRefusedSteps } from "./refusals.ts"
import { makeRoutes } from "./routes.ts"
import { serverRequests } from "./serverRequests.ts"
import { sessionRequests } from "./sessionRequests.ts"
import { makeWorktrees } from "./worktrees.ts"

const capabilities: Capabilities = {
  // Early events can be missing; measured: the end of a turn never is.
  eventsSettleAfter: "250 millis",
  // A comment is sent every 15 s.
  eventsSilence: "45 seconds",
  idleIsFinal: true,
  stopsSilentTurnsAfter: maxSilence,
  rejectionHasMessage: true,
  abortLeavesRequests: false,
  promptQueue: "server",
  idempotentPrompts: true,
  // Measured: half a second on a busy machine.
  namesSettleAfter: "2 seconds",
  commandsTakeIds: false,
  statusScope: "server",
  statusHasRetry: false,
}

/** Makes the client of a target. Needs an `HttpClient` such as `HttpTransport.layer`. */
export const make = Effect.gen(function* () {
  const routes = yield* makeRoutes
  const worktrees = yield* makeWorktrees(routes)
  const refused = makeRefusedSteps()
  return (target: Target): Opencode => {
    const call = namingMissingDirectories(routes, makeCall({ ...target, api: 2 }), target.instance)
    const server = serverRequests(routes, call)
    const sessions = sessionRequests(routes, call, target.instance)
    const { ensureHere, runningElsewhere } = elsewhere(routes, call, target.instance)
    const ready = readySession(routes, call, target, { ...server, capabilities }, ensureHere)
    return {
      capabilities,
      ...server,
      ...sessions,
      ...messageRequests(routes, call, target, { refused, worktrees }),
      ...promptRequests(routes, call, ready),
      ...commandRequests(routes, call, ready, sessions.newestSessions, target.instance),
      runningElsewhere,
      ...decisionRequests(routes, call, refused),
      ...eventRequests(routes, call, target, { refused, worktrees }),
    }
  }
})

/** For servers that are known to be opencode 2. Needs an `HttpClient` such as `HttpTransport.layer`. */
export const layer = Layer.effect(
  OpencodeClient,
  Effect.map(make, (at) => OpencodeClient.of({ at })),
)
