/** What the sessions of an instance are doing, and what they wait for. */
import { Array, Effect } from "effect"
import type { ClientError } from "../errors.ts"
import type { MessageId, SessionId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import type { Session, SessionStatus } from "./Session.ts"

export interface Activity {
  readonly status: SessionStatus
  /** Permissions and questions that this session and its subagents wait for. Those that an abort left behind are not among them. */
  readonly pending: ReadonlyArray<PendingRequest>
}

export const idle: Activity = { status: { type: "idle" }, pending: [] }

/** Whether the message is still being written; one that is gone is not. */
const isUnfinished = (opencode: Opencode, session: SessionId, message: MessageId) =>
  opencode.message(session, message).pipe(
    Effect.map(({ info }) => info.role === "assistant" && info.time.completed === undefined),
    Effect.catchTag("SessionNotFound", () => Effect.succeed(false)),
  )

/** An abort leaves its requests behind, and they stay. One is open if the message whose tool asks is still being written. */
const openOf = Effect.fnUntraced(function* (opencode: Opencode, requests: ReadonlyArray<PendingRequest>) {
  // One message may ask for a hundred things at once.
  const asking = new Map(
    requests.flatMap(({ request: { sessionID, tool } }) =>
      tool === undefined ? [] : [[tool.messageID, sessionID] as const],
    ),
  )
  const unfinished = new Map(
    yield* Effect.filter(asking, ([message, session]) => isUnfinished(opencode, session, message), { concurrency: 8 }),
  )
  return requests.filter(({ request: { tool } }) => tool === undefined || unfinished.has(tool.messageID))
})

const deepest = 20

/**
 * The session and those that its subagent works for, upwards. `parents` are known already; one that is known to have no
 * parent is the last.
 */
const lineage = Effect.fnUntraced(function* (
  opencode: Opencode,
  parents: ReadonlyMap<SessionId, SessionId | undefined>,
  id: SessionId,
) {
  const found = new Set<SessionId>()
  let current: SessionId | undefined = id
  // No subagent works that deep, and parents may go round in a circle.
  while (current !== undefined && !found.has(current) && found.size < deepest) {
    found.add(current)
    current = parents.has(current)
      ? parents.get(current)
      : yield* opencode.session(current).pipe(
          Effect.map(({ parentID }) => parentID),
          Effect.catchTag("SessionNotFound", () => Effect.undefined),
        )
  }
  return found
})

/** All requests of a session and its subagents, those that an abort left behind included. */
export const requestsOf = Effect.fnUntraced(function* (opencode: Opencode, session: Session) {
  const requests = yield* opencode.pendingRequests(session.directory)
  // Nobody has to look further up than to the session itself.
  const parents = new Map([[session.id, undefined]])
  const family = yield* Effect.filter(Array.dedupe(requests.map(({ request }) => request.sessionID)), (id) =>
    Effect.map(lineage(opencode, parents, id), (found) => found.has(session.id)),
  )
  return requests.filter(({ request }) => family.includes(request.sessionID))
})

/** What the turn of a busy session waits for a person to decide, its subagents' turns included. */
export const pendingOf = Effect.fnUntraced(function* (opencode: Opencode, session: Session) {
  return yield* openOf(opencode, yield* requestsOf(opencode, session))
})

/** Statuses and open requests of a directory. Nothing is asked for in the name of an idle session. */
const activeIn = Effect.fnUntraced(function* (opencode: Opencode, directory: string) {
  const statuses = yield* opencode.statuses(directory)
  const requests = statuses.size === 0 ? [] : yield* opencode.pendingRequests(directory)
  const active = requests.filter(({ request }) => statuses.has(request.sessionID))
  return { statuses, pending: yield* openOf(opencode, active) }
})

/**
 * Those in the few directories that were worked in last; `sessions` are updated last first. Each directory that is asked
 * for the first time makes opencode set it up, so old ones are better left alone.
 */
export const inNewestDirectories = (sessions: ReadonlyArray<Session>, most: number): ReadonlyArray<Session> => {
  const directories = new Set(Array.dedupe(sessions.map(({ directory }) => directory)).slice(0, most))
  return sessions.filter(({ directory }) => directories.has(directory))
}

/** Status and requests are kept per exact directory, so each directory of the sessions is asked. Idle sessions are absent. */
export const activities = Effect.fn("activities")(function* (
  opencode: Opencode,
  sessions: ReadonlyArray<Session>,
): Effect.fn.Return<ReadonlyMap<SessionId, Activity>, ClientError> {
  const directories = Array.dedupe(sessions.map(({ directory }) => directory))
  const found = yield* Effect.forEach(directories, (directory) => activeIn(opencode, directory), { concurrency: 8 })
  const statuses = new Map(found.flatMap(({ statuses }) => [...statuses]))
  const parents = new Map(sessions.map(({ id, parentID }) => [id, parentID]))
  const pending = yield* Effect.forEach(
    found.flatMap(({ pending }) => pending),
    (request) => Effect.map(lineage(opencode, parents, request.request.sessionID), (waiting) => ({ request, waiting })),
  )
  return new Map(
    sessions.flatMap(({ id }) => {
      const status = statuses.get(id)
      const ours = pending.filter(({ waiting }) => waiting.has(id)).map(({ request }) => request)
      return status === undefined ? [] : [[id, { status, pending: ours }] as const]
    }),
  )
})
