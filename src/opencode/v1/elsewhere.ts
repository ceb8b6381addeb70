/**
 * Turns that another server of the same user is running. All servers of a user share one database, but each knows only its own
 * turns: `opencode serve` and the terminals see each other's sessions as idle. A second prompt would break the running turn.
 *
 * Such a turn is stored without an end. So is a turn whose server was killed, so more facts are used: another instance of the
 * fleet says that it is running the turn, or another process that was not asked has the database open, if that can be found
 * out, and the turn has stored something recently.
 */
import { Clock, Effect } from "effect"
import { DatabaseUsers } from "../../machine/DatabaseUsers.ts"
import type { ClientError } from "../errors.ts"
import type { SessionId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"
import type { Message } from "../sessions/Message.ts"
import {
  elsewhereAmong,
  ensureNotElsewhere,
  locateTurns,
  type OpenTurn,
  possiblyElsewhere,
  settlesWithin,
} from "../sessions/otherServers.ts"
import type { Elsewhere, Session } from "../sessions/Session.ts"
import type { Target } from "../Target.ts"
import { isUnreadableAnswer } from "../transient.ts"

const minutes = 60_000

/** Milliseconds. Sessions that were not prompted for this long are not checked. */
const longestTurn = 24 * 60 * minutes

/** Maximum number of sessions that are checked. */
const maxSessions = 20

/** Newest messages that are read of a session: a message may have reached the running turn. */
const messagesRead = 3

/** A step may take this long: opencode stores nothing while a command runs. It is the limit of opencode 2 itself. */
const maxSilence = 60 * minutes

/** The same where other servers cannot be found out: more often, the server was killed. */
const maxSilenceUnknown = 10 * minutes

/** opencode begins to answer a message within this time. Later, it is a plugin's note, which has no answer. */
const maxBeginning = minutes

const concurrency = 8

const lastStored = ({ info, parts }: Message) =>
  Math.max(
    info.time.created,
    ...parts.flatMap((part) =>
      (part.type === "text" || part.type === "reasoning") && part.time !== undefined
        ? [part.time.end ?? part.time.start]
        : [],
    ),
  )

/** The turn of the newest messages, if it has no end; oldest message first. `silence` is the longest time between two steps. */
export const openTurn = (messages: ReadonlyArray<Message>, silence: number): OpenTurn | undefined => {
  const answer = messages.findLast(({ info }) => info.role === "assistant")
  if (
    answer?.info.role === "assistant" &&
    answer.info.time.completed === undefined &&
    answer.info.error === undefined
  ) {
    const since = lastStored(answer)
    return { since, until: since + silence }
  }
  const last = messages.at(-1)
  if (last?.info.role !== "user") return undefined
  return { since: last.info.time.created, until: last.info.time.created + maxBeginning }
}

/** The sessions whose newest message is known to be complete, with the time of their update then; by URL and id. */
export type EndedSessions = Map<string, number>

/** Maximum number of sessions that are remembered. */
const maxEnded = 10_000

export const elsewhere = (
  { messages, session, statuses }: Pick<Opencode, "messages" | "session" | "statuses">,
  { instance, url }: Target,
  ended: EndedSessions,
) => {
  const keyOf = ({ id }: Session) => `${url} ${id}`

  const remember = (session: Session) => {
    if (ended.size >= maxEnded) ended.clear()
    ended.set(keyOf(session), session.time.updated)
  }

  const newest = (session: SessionId) =>
    messages(session, { limit: messagesRead }).pipe(
      // What cannot be read must not block the session.
      Effect.catchIf(
        (error) => error._tag === "SessionNotFound" || isUnreadableAnswer(error),
        () => Effect.succeed({ messages: [] }),
      ),
    )

  const readOpen = Effect.fnUntraced(function* (session: Session, silence: number) {
    const page = yield* newest(session.id)
    const turn = openTurn(page.messages, silence)
    if (turn === undefined) remember(session)
    const now = yield* Clock.currentTimeMillis
    return turn === undefined || now >= turn.until ? [] : [{ session, turn }]
  })

  /** Those of the sessions with an open turn that this server is not running. */
  const openTurns = Effect.fnUntraced(function* (sessions: ReadonlyArray<Session>, silence: number) {
    const open = (yield* Effect.forEach(sessions, (session) => readOpen(session, silence), { concurrency })).flat()
    // Read afterwards, because a turn may have begun here meanwhile.
    const directories = [...new Set(open.map(({ session }) => session.directory))]
    const running = yield* Effect.forEach(directories, statuses, { concurrency })
    const here = new Set(running.flatMap((all) => [...all.keys()]))
    return open.filter(({ session }) => !here.has(session.id))
  })

  /**
   * This server may be about to start or to end a turn that has just stored something. Such a turn is read again later, or
   * left out if `wait` is false.
   */
  const settled = Effect.fnUntraced(function* (
    candidates: ReadonlyArray<{ readonly session: Session; readonly turn: OpenTurn }>,
    silence: number,
    wait: boolean,
  ) {
    const now = yield* Clock.currentTimeMillis
    const fresh = candidates.filter(({ turn }) => turn.since + settlesWithin > now)
    const old = candidates.filter((candidate) => !fresh.includes(candidate) && now < candidate.turn.since + silence)
    if (fresh.length === 0 || !wait) return old
    const until = Math.max(...fresh.map(({ turn }) => turn.since + settlesWithin))
    yield* Effect.sleep(Math.min(until - now, settlesWithin))
    const again = yield* openTurns(
      fresh.map(({ session }) => session),
      silence,
    )
    return [...old, ...again]
  })

  const among = Effect.fnUntraced(function* (sessions: ReadonlyArray<Session>) {
    const suspects = yield* openTurns(sessions, maxSilence)
    if (suspects.length === 0) return new Map<SessionId, Elsewhere>()
    // An instance that is running a turn says so at once; the rest may need a moment to settle.
    const located = yield* locateTurns(suspects, [])
    if (located.size === suspects.length) return located
    const others = yield* Effect.flatMap(DatabaseUsers, ({ besidesListener }) => besidesListener(url))
    const silence = others === undefined ? maxSilenceUnknown : maxSilence
    const candidates = suspects
      .filter(({ session, turn }) => !located.has(session.id) && elsewhereAmong(others, turn) !== undefined)
      .map(({ session, turn }) => ({
        session,
        turn: { ...turn, until: Math.min(turn.until, turn.since + silence) },
      }))
    const left = yield* settled(candidates, silence, others !== undefined)
    return new Map([...located, ...(yield* locateTurns(left, others))])
  })

  /** The sessions among these that another server is probably running. */
  const runningElsewhere = Effect.fnUntraced(function* (
    sessions: ReadonlyArray<Session>,
  ): Effect.fn.Return<ReadonlyMap<SessionId, Elsewhere>, ClientError> {
    const now = yield* Clock.currentTimeMillis
    const mayBeOpen = (session: Session) => {
      const { created, updated } = session.time
      return updated > created && now - updated < longestTurn && ended.get(keyOf(session)) !== updated
    }
    const candidates = sessions.filter(mayBeOpen).slice(0, maxSessions)
    if (candidates.length === 0) return new Map<SessionId, Elsewhere>()
    const others = yield* Effect.flatMap(DatabaseUsers, ({ besidesListener }) => besidesListener(url))
    return yield* among(yield* possiblyElsewhere(candidates, others))
  })

  /** Fails if another server is running a turn in the session. */
  const ensureHere = Effect.fnUntraced(function* (id: SessionId): Effect.fn.Return<void, ClientError> {
    if (openTurn((yield* newest(id)).messages, maxSilence) === undefined) return
    yield* ensureNotElsewhere({ runningElsewhere: among }, instance, yield* session(id))
  })

  return { runningElsewhere, ensureHere }
}
