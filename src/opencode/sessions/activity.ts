/** The activity of sessions: their status, and the pending requests that they wait for. */
import { Array, Duration, Effect } from "effect"
import type { ClientError } from "../errors.ts"
import type { SessionId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import { openRequests } from "../requests/pendingRequests.ts"
import { ancestors } from "./ancestors.ts"
import { unlessBroken } from "./BrokenDirectories.ts"
import { isWithin } from "./isWithin.ts"
import type { Elsewhere, Session, SessionStatus } from "./Session.ts"

export interface Activity {
  readonly status: SessionStatus | ({ readonly type: "elsewhere" } & Elsewhere)
  /** The requests that this session and its subagents wait for, without those that an abort left behind. */
  readonly pending: ReadonlyArray<PendingRequest>
}

export const idle: Activity = { status: { type: "idle" }, pending: [] }

/** Statuses and open requests of a directory. Requests of idle sessions are left out. */
const readActivity = Effect.fnUntraced(function* (opencode: Opencode, directory: string) {
  const statuses = yield* opencode.statuses(directory)
  const requests = statuses.size === 0 ? [] : yield* opencode.pendingRequests(directory)
  const active = requests.filter(({ request }) => statuses.has(request.sessionID))
  return { statuses, pending: yield* openRequests(opencode, active) }
})

const activityIn = (opencode: Opencode, directory: string) =>
  readActivity(opencode, directory).pipe(
    opencode.capabilities.statusScope === "server"
      ? (whole) => whole
      : unlessBroken(directory, { statuses: new Map<string, SessionStatus>(), pending: [] }),
  )

/** A directory that was used within this time is probably still loaded. */
const recently = Duration.toMillis("1 day")

interface CheckedDirectories {
  /** The directory of the instance, if it is known. Those within it are asked about however old their sessions are. */
  readonly home: string | undefined
  /** Maximum number of directories, the most recently used ones. */
  readonly limit: number
  /** Epoch milliseconds. */
  readonly now: number
}

/**
 * The sessions whose activity is worth a request; `sessions` must be sorted by update, newest first. Where activity is asked
 * for by directory, a request makes opencode load the directory with its plugins and MCP servers, so old directories of other
 * projects are left out.
 */
export const worthAsking = (
  { capabilities }: Opencode,
  sessions: ReadonlyArray<Session>,
  { home, limit, now }: CheckedDirectories,
): ReadonlyArray<Session> => {
  if (capabilities.statusScope === "server") return sessions
  const inUse = sessions.filter(
    ({ directory, time }) => now - time.updated < recently || (home !== undefined && isWithin(directory, home)),
  )
  const directories = new Set(Array.dedupe(inUse.map(({ directory }) => directory)).slice(0, limit))
  return sessions.filter(({ directory }) => directories.has(directory))
}

const scopesOf = ({ capabilities }: Opencode, sessions: ReadonlyArray<Session>) => {
  const directories = Array.dedupe(sessions.map(({ directory }) => directory))
  return capabilities.statusScope === "server" ? directories.slice(0, 1) : directories
}

const newestRetry = (opencode: Opencode, session: SessionId) =>
  opencode.messages(session, { limit: 1 }).pipe(
    Effect.map(({ messages }) => messages.at(-1)?.info),
    Effect.map((info): SessionStatus =>
      info?.role === "assistant" && info.retry !== undefined ? { type: "retry", ...info.retry } : { type: "busy" },
    ),
    // Without its details, the session is busy.
    Effect.orElseSucceed((): SessionStatus => ({ type: "busy" })),
  )

/** Adds the retries that `statuses` does not report. */
const withRetries = Effect.fnUntraced(function* (opencode: Opencode, activity: ReadonlyMap<SessionId, Activity>) {
  if (opencode.capabilities.statusHasRetry) return activity
  const complete = yield* Effect.forEach(
    activity,
    ([id, { pending, status }]) =>
      status.type === "busy" && pending.length === 0
        ? Effect.map(newestRetry(opencode, id), (status) => [id, { status, pending }] as const)
        : Effect.succeed([id, { status, pending }] as const),
    { concurrency: 8 },
  )
  return new Map(complete)
})

/** Like {@link activities}, with the details of retries. */
export const activitiesHere = (opencode: Opencode, sessions: ReadonlyArray<Session>) =>
  Effect.flatMap(activities(opencode, sessions), (active) => withRetries(opencode, active))

/** Adds the sessions in which another server of the same user is running a turn. */
export const withElsewhere = Effect.fnUntraced(function* (
  opencode: Opencode,
  sessions: ReadonlyArray<Session>,
  active: ReadonlyMap<SessionId, Activity>,
): Effect.fn.Return<ReadonlyMap<SessionId, Activity>, ClientError> {
  const elsewhere = yield* opencode.runningElsewhere(sessions.filter(({ id }) => !active.has(id)))
  const found = [...elsewhere].map(([id, about]): [SessionId, Activity] => [
    id,
    { status: { type: "elsewhere", ...about }, pending: [] },
  ])
  return new Map([...active, ...found])
})

/** {@link activitiesHere} and {@link withElsewhere}. */
export const detailedActivities = (opencode: Opencode, sessions: ReadonlyArray<Session>) =>
  Effect.flatMap(activitiesHere(opencode, sessions), (active) => withElsewhere(opencode, sessions, active))

/**
 * The activity of each session that is not idle on this server, or has a subagent that waits for a person. Within
 * `collectingBroken`, a directory in which opencode cannot work counts as idle, and is returned there.
 */
export const activities = Effect.fn("activities")(function* (
  opencode: Opencode,
  sessions: ReadonlyArray<Session>,
): Effect.fn.Return<ReadonlyMap<SessionId, Activity>, ClientError> {
  const scopes = yield* Effect.forEach(scopesOf(opencode, sessions), (directory) => activityIn(opencode, directory), {
    concurrency: 8,
  })
  const statuses = new Map(scopes.flatMap(({ statuses }) => [...statuses]))
  const parents = new Map(sessions.map(({ id, parentID }) => [id, parentID]))
  const requests = yield* Effect.forEach(
    scopes.flatMap(({ pending }) => pending),
    (request) =>
      Effect.map(ancestors(opencode, parents, request.request.sessionID), (waiting) => ({ request, waiting })),
  )
  return new Map(
    sessions.flatMap(({ id }) => {
      const pending = requests.filter(({ waiting }) => waiting.has(id)).map(({ request }) => request)
      // The turn of an idle session may have left a subagent in the background, which waits.
      const status = statuses.get(id) ?? (pending.length > 0 ? ({ type: "busy" } as const) : undefined)
      return status === undefined ? [] : [[id, { status, pending }] as const]
    }),
  )
})
