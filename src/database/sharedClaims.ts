/**
 * Claims on sessions that all servers of one database see, wherever they run: advisory locks of PostgreSQL, which end with the
 * connection of their holder. A server makes its claim on this machine first, and holds both.
 */
import { Clock, Effect, Fiber, Option, Schedule } from "effect"
import type { Claim, SessionClaimsValues } from "../machine/SessionClaims.ts"
import type { DatabaseSession, DatabaseValues } from "./Database.ts"

/**
 * How long a message waits for a database that was there a moment ago, such as during its restart. After that, messages are
 * sent under the claim on this machine alone: one that may be merged is better than one that never leaves.
 */
const patience = "45 seconds"

/** After a connection was lost, until that is noticed. */
const again = Schedule.max([Schedule.spaced("200 millis"), Schedule.recurs(5)])

// The prefix keeps the locks of other programs apart. opencode's session ids are unique among all machines.
const lock = "select pg_try_advisory_lock(hashtextextended('opencode-fleet session ' || $1, 0)) as locked"
// A row without a lock is the trace of an earlier holder, which is kept until it is known what became of its message.
const leaveTrace = `
  insert into opencode_fleet_claims as claim (session) values ($1)
  on conflict (session) do update set abandoned = claim.since > now() - interval '1 minute', since = now()
  returning abandoned`
const forget = "update opencode_fleet_claims set abandoned = false where session = $1"
const removeTrace = "delete from opencode_fleet_claims where session = $1 and not abandoned"
const unlock = "select pg_advisory_unlock(hashtextextended('opencode-fleet session ' || $1, 0))"

/**
 * The traces of servers that were killed, whose sessions no other server has used since. After a minute, such a row says nothing
 * any more. A row whose lock is held has a holder, however old it is.
 */
const removeStale = `
  delete from opencode_fleet_claims as claim
  where since < now() - interval '1 hour'
    and not exists (
      select from pg_locks
      where locktype = 'advisory' and objsubid = 1
        and database = (select oid from pg_database where datname = current_database())
        and (classid::bigint << 32 | objid::bigint) = hashtextextended('opencode-fleet session ' || claim.session, 0))`

/** Milliseconds. */
const removesStaleEvery = 10 * 60_000

const both = (one: Effect.Effect<void> | undefined, other: Effect.Effect<void> | undefined) =>
  one === undefined || other === undefined ? (one ?? other) : Effect.andThen(one, other)

export const sharedClaims = (machine: SessionClaimsValues, database: DatabaseValues): SessionClaimsValues => {
  // PostgreSQL grants a lock again to the connection that holds it.
  const held = new Set<string>()
  /** A role without the right to make them would fail at each message. */
  let triedToMakeTables = false

  let removedStaleAt = Number.NEGATIVE_INFINITY
  const removeStaleIfDue = Effect.fnUntraced(function* ({ query }: DatabaseSession) {
    const now = yield* Clock.currentTimeMillis
    if (now - removedStaleAt < removesStaleEvery) return
    removedStaleAt = now
    yield* Effect.ignore(query(removeStale))
  })

  const releaseOn = (connection: DatabaseSession, session: string): Effect.Effect<void> => {
    const { query } = connection
    let isReleased = false
    return Effect.suspend(() => {
      if (isReleased) return Effect.void
      isReleased = true
      // A lock of a connection that was lost is gone already. The trace goes first: the next holder would find it.
      const released = Effect.ensuring(
        Effect.andThen(Effect.ignore(query(removeTrace, [session])), Effect.ignore(query(unlock, [session]))),
        Effect.sync(() => held.delete(session)),
      )
      // A database that does not answer delays neither the turn nor the end of the program.
      return Effect.flatMap(Effect.forkDetach(released, { startImmediately: true }), (fiber) =>
        Effect.andThen(
          Effect.ignore(Effect.timeoutOption(Fiber.await(fiber), "1 second")),
          Effect.forkDetach(removeStaleIfDue(connection)),
        ),
      )
    })
  }

  /** Whether the claim was abandoned. A role that may only lock leaves no trace, and does not learn of others'. */
  const trace = Effect.fnUntraced(function* ({ query }: DatabaseSession, session: string) {
    const tracing = Effect.option(query(leaveTrace, [session]))
    let traced = yield* tracing
    if (Option.isNone(traced)) {
      // A connection that was lost has lost the lock, too.
      yield* query("select 1")
      if (!triedToMakeTables) {
        triedToMakeTables = true
        yield* Effect.ignore(database.migrated)
        traced = yield* tracing
      }
    }
    return Option.exists(traced, ([row]) => row?.["abandoned"] === true)
  })

  const lockOn = Effect.fnUntraced(function* (connection: DatabaseSession, session: string) {
    const [row] = yield* connection.query(lock, [session])
    if (row?.["locked"] !== true) return "taken"
    const forgetting = Effect.ignore(connection.query(forget, [session]))
    const abandoned = (yield* trace(connection, session)) ? forgetting : undefined
    return { release: releaseOn(connection, session), abandoned }
  })

  /** Waits for the connection interruptibly. A statement is not interruptible, so no lock is left behind. */
  const claimShared = (session: string, restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>) =>
    Effect.gen(function* () {
      const connection = yield* Effect.option(restore(database.session(patience)))
      if (held.has(session)) return "taken"
      if (Option.isNone(connection)) return "unavailable"
      held.add(session)
      const made = yield* Effect.onError(lockOn(connection.value, session), () =>
        Effect.sync(() => held.delete(session)),
      )
      if (made === "taken") held.delete(session)
      return made
    }).pipe(
      Effect.retry(again),
      Effect.orElseSucceed((): Claim => "unavailable"),
    )

  return {
    claim: (session) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* (): Effect.fn.Return<Claim> {
          const own = yield* restore(machine.claim(session))
          if (own === "taken") return own
          const releaseOwn = own === "unavailable" ? Effect.void : own.release
          const shared = yield* Effect.onInterrupt(claimShared(session, restore), () => releaseOwn)
          if (shared === "unavailable") return own
          if (shared === "taken") return yield* Effect.as(releaseOwn, shared)
          return {
            release: Effect.andThen(shared.release, releaseOwn),
            abandoned: both(shared.abandoned, own === "unavailable" ? undefined : own.abandoned),
          }
        }),
      ),
    problem: machine.problem,
  }
}
