/** opencode 1 (1.18.33): the implementation of the port. Nothing else of this folder is imported from outside. */
import { Effect, Layer } from "effect"
import type { SessionId } from "../Identifiers.ts"
import { type Capabilities, type Opencode, OpencodeClient, type PromptChoice } from "../Opencode.ts"
import { isAway } from "../transient.ts"
import type { Target } from "../Target.ts"
import { commandRequests } from "./commandRequests.ts"
import { decisionRequests } from "./decisionRequests.ts"
import { makeCall } from "../http/makeCall.ts"
import { elsewhere, type EndedSessions } from "./elsewhere.ts"
import { messageRequests } from "./messageRequests.ts"
import { promptRequests } from "./promptRequests.ts"
import { makeRoutes } from "./routes.ts"
import { serverRequests } from "./serverRequests.ts"
import { sessionRequests } from "./sessionRequests.ts"
import { worktreeRequests } from "./worktreeRequests.ts"

const capabilities: Capabilities = {
  // Measured: events begin up to 50 ms after `server.connected`.
  eventsSettleAfter: "250 millis",
  // A heartbeat is sent every 10 s.
  eventsSilence: "30 seconds",
  // After errors and aborts, idle is reported up to half a second before the message is final.
  idleIsFinal: false,
  rejectionHasMessage: true,
  abortLeavesRequests: true,
  promptQueue: "none",
  idempotentPrompts: false,
  commandsTakeIds: true,
  statusScope: "directory",
  statusHasRetry: true,
}

/** Makes the client of a target. Needs an `HttpClient` such as `HttpTransport.layer`. */
export const make = Effect.map(makeRoutes, (routes) => {
  const ended: EndedSessions = new Map()
  return (target: Target): Opencode => {
    const call = makeCall(target)
    const sessions = sessionRequests(routes, call, target.instance)
    const messages = messageRequests(routes, call)
    const { completeChoice, prompt, ...prompts } = promptRequests(routes, call, messages.messages)
    const commands = commandRequests(routes, call)
    const { ensureHere, runningElsewhere } = elsewhere({ ...sessions, ...messages }, target, ended)
    /** If the check does not get through, only the message itself tells whether it may have arrived. */
    const unlessElsewhere = (session: SessionId) => Effect.catchIf(ensureHere(session), isAway, () => Effect.void)
    const onceChecked = <A, E, R>(
      session: SessionId,
      { isPrepared = false }: PromptChoice,
      send: Effect.Effect<A, E, R>,
    ) => (isPrepared ? send : Effect.andThen(unlessElsewhere(session), send))
    return {
      capabilities,
      ...serverRequests(routes, call),
      ...worktreeRequests(routes, call, target.instance, capabilities),
      ...sessions,
      ...messages,
      ...prompts,
      prepare: (session, choice) =>
        Effect.all([completeChoice(session, choice), unlessElsewhere(session)], {
          concurrency: "unbounded",
        }).pipe(Effect.map(([complete]) => ({ ...complete, isPrepared: true }))),
      prompt: (session, options) => onceChecked(session, options, prompt(session, options)),
      runCommand: (session, command) => onceChecked(session, command, commands.runCommand(session, command)),
      runningElsewhere,
      ...decisionRequests(routes, call),
    }
  }
})

/** For servers that are known to be opencode 1. Needs an `HttpClient` such as `HttpTransport.layer`. */
export const layer = Layer.effect(
  OpencodeClient,
  Effect.map(make, (at) => OpencodeClient.of({ at })),
)
