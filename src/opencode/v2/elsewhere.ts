/**
 * Turns that another server of the same user is running. All servers of a user share one database, but each knows only its own
 * turns: a private server (`opencode --standalone`, `opencode acp`) and the user's service see each other's sessions as idle.
 * A second prompt would break the running turn.
 *
 * Such a turn is stored without an end. So is a turn whose server was killed, so more facts are used: another instance of the
 * fleet says that it is running it, or a process that was not asked may be running it, if that can be found out. A turn that
 * stored nothing for an hour is over, because opencode itself interrupts it.
 */
import { Clock, Effect } from "effect"
import { DatabaseUsers } from "../../machine/DatabaseUsers.ts"
import type { ClientError } from "../errors.ts"
import type { Call } from "../http/makeCall.ts"
import type { Unrecognised } from "../http/tolerantArray.ts"
import type { SessionId } from "../Identifiers.ts"
import { ensureNotElsewhere, locateTurns } from "../sessions/otherServers.ts"
import type { Elsewhere, Session } from "../sessions/Session.ts"
import { isReason } from "./conversation.ts"
import { maxSilence } from "./inactivity.ts"
import type { Routes } from "./routes.ts"
import { activeSessions } from "./sessionRequests.ts"
import type { WireEntry } from "./wire/WireMessage.ts"

/** Milliseconds. Sessions that were not prompted for this long are not checked. */
const longestTurn = 24 * 60 * 60_000

/** Maximum number of sessions that are checked. */
const maxSessions = 20

/** Newest entries that are read of a session: enough to find the last answer before opencode's own entries. */
const entriesRead = 10

const concurrency = 8

/** Whether a turn may have begun after the last one that has ended. Most sessions are ruled out by this alone. */
const mayBeOpen = ({ time: { created, idle, updated } }: Session, now: number) =>
  now - updated < longestTurn && (idle === undefined ? updated > created : updated > idle)

/** When the turn of the newest entries last stored something; undefined if it has ended. Newest entry first. */
export const openSince = (entries: ReadonlyArray<WireEntry | Unrecognised>): number | undefined => {
  const last = entries.find(
    (entry) => entry.type === "idle" || entry.type === "assistant" || (entry.type === "user" && !isReason(entry)),
  )
  if (last === undefined || last.type === "idle") return undefined
  if (last.type === "user") return last.time.created
  if (last.type !== "assistant" || last.error?.type === "aborted") return undefined
  const { completed = 0, created, streamed = 0 } = last.time
  if (completed > 0 && last.finish !== "tool-calls") return undefined
  const calls = last.content.flatMap((item) => (item.type === "tool" && item.time !== undefined ? [item.time] : []))
  return Math.max(created, streamed, completed, ...calls.flatMap(({ created, ran = 0 }) => [created, ran]))
}

export const elsewhere = (routes: Routes, call: Call, instance: string) => {
  const { session: api } = routes.api

  const openSinceOf = (session: SessionId) =>
    api.messages({ params: { sessionID: session }, query: { limit: entriesRead } }).pipe(
      Effect.map(({ data }) => openSince(data)),
      call("messages", { session }),
      Effect.catchTag("SessionNotFound", () => Effect.undefined),
    )

  /** The processes that may be running turns of this server's user; undefined if that cannot be found out. */
  const otherServers = Effect.gen(function* () {
    const { besides } = yield* DatabaseUsers
    const pid = yield* routes.info({}).pipe(
      Effect.map((info) => info.pid),
      Effect.catchTag("NotReady", () => Effect.undefined),
      call("info"),
    )
    return pid === undefined ? undefined : yield* besides(pid)
  })

  /** The sessions among these that another server is probably running. */
  const runningElsewhere = Effect.fnUntraced(function* (
    sessions: ReadonlyArray<Session>,
  ): Effect.fn.Return<ReadonlyMap<SessionId, Elsewhere>, ClientError> {
    const now = yield* Clock.currentTimeMillis
    const suspects = sessions.filter((session) => mayBeOpen(session, now)).slice(0, maxSessions)
    const read = yield* Effect.forEach(
      suspects,
      (session) => Effect.map(openSinceOf(session.id), (since) => ({ session, since })),
      { concurrency },
    )
    const open = read.flatMap(({ session, since }) =>
      since !== undefined && now - since < maxSilence ? [{ session, turn: { since, until: since + maxSilence } }] : [],
    )
    if (open.length === 0) return new Map()
    // Read afterwards, because a turn may have begun here meanwhile.
    const here = new Set(yield* activeSessions(routes, call))
    const left = open.filter(({ session }) => !here.has(session.id))
    if (left.length === 0) return new Map()
    return yield* locateTurns(left, yield* otherServers)
  })

  /** Fails if another server is running a turn in the session. */
  const ensureHere = (session: Session) => ensureNotElsewhere({ runningElsewhere }, instance, session)

  return { runningElsewhere, ensureHere }
}
