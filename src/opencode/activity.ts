/** What the sessions of an instance are doing, and what they wait for. */
import { Array, Effect } from "effect"
import type { ClientError } from "./errors.ts"
import type { SessionId } from "./Identifiers.ts"
import type { Opencode } from "./OpencodeClient.ts"
import type { Session, SessionStatus } from "./Session.ts"
import type { PendingRequest } from "./Turn.ts"

export interface Activity {
  readonly status: SessionStatus
  /** Permissions and questions that this session waits for. Those that an abort left behind are not among them. */
  readonly pending: ReadonlyArray<PendingRequest>
}

export const idle: Activity = { status: { type: "idle" }, pending: [] }

/** Permissions and questions of one directory, those of aborted turns included. */
export const pendingIn = Effect.fnUntraced(function* (
  opencode: Opencode,
  directory: string,
): Effect.fn.Return<ReadonlyArray<PendingRequest>, ClientError> {
  const [permissions, questions] = yield* Effect.all([opencode.permissions(directory), opencode.questions(directory)], {
    concurrency: 2,
  })
  return [
    ...permissions.map((request): PendingRequest => ({ kind: "permission", request })),
    ...questions.map((request): PendingRequest => ({ kind: "question", request })),
  ]
})

/** Status and requests are kept per exact directory, so each directory of the sessions is asked. Idle sessions are absent. */
export const activities = Effect.fn("activities")(function* (
  opencode: Opencode,
  sessions: ReadonlyArray<Session>,
): Effect.fn.Return<ReadonlyMap<SessionId, Activity>, ClientError> {
  const directories = Array.dedupe(sessions.map(({ directory }) => directory))
  const found = yield* Effect.forEach(
    directories,
    (directory) =>
      Effect.all(
        { statuses: opencode.statuses(directory), pending: pendingIn(opencode, directory) },
        { concurrency: 2 },
      ),
    { concurrency: 8 },
  )
  const statuses = new Map(found.flatMap(({ statuses }) => Object.entries(statuses)))
  const pending = found.flatMap(({ pending }) => pending)
  return new Map(
    sessions.flatMap(({ id }) => {
      const status = statuses.get(id)
      return status === undefined || status.type === "idle"
        ? []
        : [[id, { status, pending: pending.filter(({ request }) => request.sessionID === id) }] as const]
    }),
  )
})
