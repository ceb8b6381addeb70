/**
 * Which other server of the same user is running a turn that this one reports as not running. Other instances of the fleet are
 * asked. The rest is known only by process: which ones have the database open, and since when they run.
 */
import { Clock, Context, Effect } from "effect"
import { type DatabaseUser, DatabaseUsers } from "../../machine/DatabaseUsers.ts"
import { type ClientError, RunsElsewhere } from "../errors.ts"
import type { SessionId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"
import type { Elsewhere, Session } from "./Session.ts"

/** Milliseconds. The precision of the start time of a process. */
const startPrecision = 2000

/** Milliseconds. A turn begins within this time of its message, and is stored within this time of its end. */
export const settlesWithin = 3000

/** A turn that is stored without an end. Times are epoch milliseconds. */
export interface OpenTurn {
  /** When it last stored something. */
  readonly since: number
  /** When it counts as over if it stores nothing more. */
  readonly until: number
}

/** The answer of another instance that has the same sessions. */
export interface OtherInstance {
  readonly instance: string
  readonly url: string
  /** The sessions that it is running. */
  readonly running: ReadonlySet<string>
}

/** Asks the other instances of the fleet about sessions. Default: there are none. `Fleet.use` provides it. */
export const OtherInstances = Context.Reference<
  (sessions: ReadonlyArray<Session>) => Effect.Effect<ReadonlyArray<OtherInstance>>
>("opencode-fleet/opencode/OtherInstances", { defaultValue: () => () => Effect.succeed([]) })

/**
 * Undefined if the turn is over: no server can be running it, so its own was stopped. `others` are the other servers of the
 * user, undefined if they cannot be found out.
 */
export const elsewhereAmong = (
  others: ReadonlyArray<DatabaseUser> | undefined,
  { since, until }: OpenTurn,
): Elsewhere | undefined => {
  if (others === undefined) return { until }
  const running = others.find(({ startedAt }) => startedAt <= since + startPrecision)
  return running === undefined ? undefined : { until, pid: running.pid }
}

/**
 * The sessions among these that another server can be running: a turn that it runs has begun since its own start, and updated
 * its session. Spares reading the messages of most. `others` as in {@link elsewhereAmong}.
 */
export const possiblyElsewhere = Effect.fnUntraced(function* (
  sessions: ReadonlyArray<Session>,
  others: ReadonlyArray<DatabaseUser> | undefined,
) {
  if (others === undefined || sessions.length === 0) return sessions
  const first = Math.min(...others.map(({ startedAt }) => startedAt))
  const isOlder = ({ time }: Session) => time.updated + startPrecision < first
  const older = sessions.filter(isOlder)
  if (older.length === 0) return sessions
  const answers = yield* (yield* OtherInstances)(older)
  return sessions.filter((session) => !isOlder(session) || answers.some(({ running }) => running.has(session.id)))
})

/** Where each of the turns is running, as far as is known. One that runs nowhere is left out. */
export const locateTurns = Effect.fnUntraced(function* (
  turns: ReadonlyArray<{ readonly session: Session; readonly turn: OpenTurn }>,
  others: ReadonlyArray<DatabaseUser> | undefined,
) {
  if (turns.length === 0) return new Map<SessionId, Elsewhere>()
  const now = yield* Clock.currentTimeMillis
  const answers = yield* (yield* OtherInstances)(turns.map(({ session }) => session))
  const { listener } = yield* DatabaseUsers
  const asked = new Set(yield* Effect.forEach(answers, ({ url }) => listener(url)))
  // An instance that says that it is not running the turn rules its process out, unless the turn is about to begin.
  const notAsked = others?.filter(({ pid }) => !asked.has(pid))
  return new Map(
    turns.flatMap(({ session, turn }): ReadonlyArray<[SessionId, Elsewhere]> => {
      const at = answers.find(({ running }) => running.has(session.id))?.instance
      if (at !== undefined) return [[session.id, { until: turn.until, at }]]
      const found = elsewhereAmong(turn.since + settlesWithin > now ? others : notAsked, turn)
      return found === undefined ? [] : [[session.id, found]]
    }),
  )
})

/** Fails if another server is running a turn in the session, which this one reports as idle. */
export const ensureNotElsewhere = Effect.fnUntraced(function* (
  { runningElsewhere }: Pick<Opencode, "runningElsewhere">,
  instance: string,
  session: Session,
): Effect.fn.Return<void, ClientError> {
  const found = (yield* runningElsewhere([session])).get(session.id)
  if (found !== undefined) return yield* new RunsElsewhere({ instance, session: session.id, ...found })
})
