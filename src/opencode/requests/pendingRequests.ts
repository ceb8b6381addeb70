/** The pending requests of a session and its subagents. */
import { Array, Effect } from "effect"
import type { MessageId, SessionId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"
import { ancestors } from "../sessions/ancestors.ts"
import { isUnreadableAnswer } from "../transient.ts"
import type { Session } from "../sessions/Session.ts"
import type { PendingRequest } from "./PendingRequest.ts"
import { completeRequests, type ToolCalls, toolCallsOf } from "./toolArguments.ts"

/** Whether a message is still being written. A deleted message is not. `calls` receives its tool calls. */
const isUnfinished = (opencode: Opencode, session: SessionId, message: MessageId, calls: Map<MessageId, ToolCalls>) =>
  opencode.message(session, message).pipe(
    Effect.tap(({ parts }) => Effect.sync(() => calls.set(message, toolCallsOf(parts)))),
    Effect.map(({ info }) => info.role === "assistant" && info.time.completed === undefined),
    Effect.catchTag("SessionNotFound", () => Effect.succeed(false)),
    // A message that cannot be read must not hide a request from the person who can decide it.
    Effect.catchIf(isUnreadableAnswer, () => Effect.succeed(true)),
  )

/**
 * The requests that are open, with the arguments of their tool calls. An abort can leave requests behind: a request is open if it
 * has no tool call, or while the message with its tool call is unfinished.
 */
export const openRequests = Effect.fnUntraced(function* (opencode: Opencode, requests: ReadonlyArray<PendingRequest>) {
  if (!opencode.capabilities.abortLeavesRequests) return yield* completeRequests(opencode.toolCalls, requests)
  // One message can have a hundred requests, so each message is read once.
  const sessions = new Map(
    requests.flatMap(({ request: { sessionID, tool } }) =>
      tool === undefined ? [] : [[tool.messageID, sessionID] as const],
    ),
  )
  const calls = new Map<MessageId, ToolCalls>()
  const unfinished = new Map(
    yield* Effect.filter(sessions, ([message, session]) => isUnfinished(opencode, session, message, calls), {
      concurrency: 8,
    }),
  )
  const open = requests.filter(({ request: { tool } }) => tool === undefined || unfinished.has(tool.messageID))
  return yield* completeRequests(opencode.toolCalls, open, calls)
})

/** All requests of a session and its subagents, including those that an abort left behind. */
export const requestsOf = Effect.fnUntraced(function* (opencode: Opencode, session: Session) {
  const requests = yield* opencode.pendingRequests(session.directory)
  // The search for ancestors ends at the session itself.
  const known = new Map([[session.id, undefined]])
  const family = yield* Effect.filter(Array.dedupe(requests.map(({ request }) => request.sessionID)), (id) =>
    Effect.map(ancestors(opencode, known, id), (sessions) => sessions.has(session.id)),
  )
  return requests.filter(({ request }) => family.includes(request.sessionID))
})

/** The requests that the turn of a busy session and its subagents' turns wait for. */
export const pendingRequestsOf = Effect.fnUntraced(function* (opencode: Opencode, session: Session) {
  return yield* openRequests(opencode, yield* requestsOf(opencode, session))
})
