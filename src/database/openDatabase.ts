/** Keeps one connection to a PostgreSQL database. Loaded only where a database is configured. */
import { PgClient, PgConnection } from "@effect/sql-pg"
import {
  Clock,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Option,
  PubSub,
  Queue,
  type Redacted,
  Schedule,
  Scope,
  Semaphore,
  Stream,
  SubscriptionRef,
} from "effect"
import * as Migrator from "effect/sql/Migrator"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { channel, Database, type DatabaseSession, DatabaseUnavailable } from "./Database.ts"
import { databaseAddress } from "./databaseAddress.ts"
import { migrations, migrationsTable, newestMigration } from "./migrations.ts"
import { sqlProblem } from "./sqlProblem.ts"

const defaultQueryTimeout = Duration.seconds(5)

const migrationTimeout = "10 seconds"

const reconnect = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("5 seconds")])

/**
 * A machine that loses power does not close its connection. With these, PostgreSQL closes it within half a minute, which frees
 * its locks. They have no effect on Unix sockets, which close at once.
 */
const keepAlive = `select set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
  set_config('tcp_keepalives_count', '3', false)`

/** A reader is not told more often. */
const changesEvery = "1 second"

type State =
  | { readonly _tag: "Open"; readonly session: DatabaseSession }
  /** `since` is undefined until there was a connection, `reason` until the first attempt to connect has failed. */
  | { readonly _tag: "Away"; readonly since: number | undefined; readonly reason: string | undefined }

/** Whether there is a connection, or the first attempt has failed. */
const isKnown = (state: State) => state._tag === "Open" || state.reason !== undefined

const areMigrated = `select coalesce(max(migration_id), 0) >= $1 as done from ${migrationsTable}`

export interface OpenDatabaseOptions {
  /** A statement without an answer within this time ends the connection. Default: 5 s. */
  readonly queryTimeout?: Duration.Duration | undefined
}

export const layer = (url: Redacted.Redacted, { queryTimeout = defaultQueryTimeout }: OpenDatabaseOptions = {}) =>
  Layer.effect(
    Database,
    Effect.gen(function* () {
      const address = databaseAddress(url)
      const config = { url, applicationName: "opencode-fleet", keepAlive: "10 seconds" } as const
      const unavailable = (reason: string) => new DatabaseUnavailable({ address, reason })
      const fromSql = Effect.mapError((error: SqlError) => unavailable(sqlProblem(error)))
      const scope = yield* Effect.scope
      const changes = yield* Effect.acquireRelease(PubSub.sliding<void>(1), PubSub.shutdown)
      const state = yield* SubscriptionRef.make<State>({
        _tag: "Away",
        since: undefined,
        reason: undefined,
      })

      /** `broken` ends the connection. */
      const sessionOver = (
        connection: PgConnection.PgConnection,
        broken: Deferred.Deferred<never, DatabaseUnavailable>,
      ) => {
        const query = (sql: string, parameters: ReadonlyArray<unknown> = []) =>
          Effect.gen(function* () {
            // An interrupted statement may have been done. So it is awaited apart from the caller.
            const running = yield* Effect.forkIn(Effect.result(fromSql(connection.query(sql, parameters))), scope)
            const result = yield* Effect.timeoutOption(Fiber.join(running), queryTimeout)
            if (Option.isSome(result)) return yield* Effect.fromResult(result.value)
            const error = unavailable(`it did not answer within ${Duration.toSeconds(queryTimeout)} s`)
            yield* Deferred.fail(broken, error)
            return yield* error
          }).pipe(
            Effect.map(({ rows }) => rows),
            Effect.uninterruptible,
          )
        return { query } satisfies DatabaseSession
      }

      const connectOnce = Effect.gen(function* () {
        const own = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
        const connection = yield* Scope.provide(PgConnection.make(config), own)
        // LISTEN reserves a connection, and queries go through what is reserved.
        const reserved = yield* connection.pin
        const notices = yield* reserved.listen(channel)
        // First of all: what is reserved would wait for the statement that has no answer.
        yield* Effect.addFinalizer(() => Scope.close(own, Exit.void))
        yield* reserved.query(keepAlive)
        const broken = yield* Deferred.make<never, DatabaseUnavailable>()
        const before = yield* SubscriptionRef.getAndSet(state, { _tag: "Open", session: sessionOver(reserved, broken) })
        if (before._tag === "Away" && before.reason !== undefined)
          yield* Effect.logInfo(`connected to the database at ${address}`)
        yield* PubSub.publish(changes, undefined)
        const listening = Effect.forever(Effect.andThen(Queue.take(notices), PubSub.publish(changes, undefined)))
        return yield* Effect.raceFirst(fromSql(listening), Deferred.await(broken))
      }).pipe(
        Effect.scoped,
        Effect.catchTag("SqlError", (error) => Effect.fail(unavailable(sqlProblem(error)))),
      )

      /** Each absence is logged once. */
      const lost = Effect.fnUntraced(function* ({ message, reason }: DatabaseUnavailable) {
        const before = yield* SubscriptionRef.get(state)
        const since = before._tag === "Away" ? before.since : yield* Clock.currentTimeMillis
        yield* SubscriptionRef.set(state, { _tag: "Away", since, reason })
        const isNews = before._tag === "Open" || before.reason === undefined
        yield* isNews ? Effect.logWarning(message) : Effect.logDebug(message)
        return before._tag === "Open"
      })
      /** Succeeds if there was a connection, so that the next pause is short again. */
      const connectUntilLost = connectOnce.pipe(
        Effect.catch((error) => Effect.flatMap(lost(error), (was) => (was ? Effect.void : Effect.fail(error)))),
      )
      yield* connectUntilLost.pipe(Effect.retry(reconnect), Effect.forever, Effect.forkScoped)

      const current = Effect.flatMap(SubscriptionRef.get(state), (then) =>
        then._tag === "Open"
          ? Effect.succeed(then.session)
          : Effect.fail(unavailable(then.reason ?? "it has not answered yet")),
      )
      const waitUntil = (isDecided: (state: State) => boolean) =>
        Stream.runHead(Stream.filter(SubscriptionRef.changes(state), isDecided))
      const session = Effect.fnUntraced(function* (patience: Duration.Input) {
        const now = yield* SubscriptionRef.get(state)
        if (now._tag === "Away") {
          const time = yield* Clock.currentTimeMillis
          const left = (now.since ?? time) + Duration.toMillis(patience) - time
          // A wrong password, or a database in another network, would otherwise delay each command.
          const isWaitedFor = now.since === undefined ? isKnown : ({ _tag }: State) => _tag === "Open"
          if (left > 0) yield* Effect.timeoutOption(waitUntil(isWaitedFor), left)
        }
        return yield* current
      })
      const sessionNow = Effect.andThen(waitUntil(isKnown), current)

      const migrate = Migrator.make({})({ loader: Migrator.fromRecord(migrations), table: migrationsTable }).pipe(
        Effect.provide(PgClient.layerFrom(PgClient.makeClient(config))),
        Effect.catchTags({
          SqlError: (error) => Effect.fail(unavailable(sqlProblem(error))),
          MigrationError: ({ cause, message }) =>
            Effect.fail(unavailable(isSqlError(cause) ? `${message}: ${sqlProblem(cause)}` : message)),
        }),
        Effect.timeoutOrElse({
          duration: migrationTimeout,
          orElse: () => Effect.fail(unavailable(`its tables were not made within ${migrationTimeout}`)),
        }),
      )
      let isMigrated = false
      const migrating = yield* Semaphore.make(1)
      const migrated = Effect.suspend(() => {
        if (isMigrated) return Effect.void
        return Effect.gen(function* () {
          // A user that may only read can use tables that another one has made.
          const open = yield* sessionNow
          const [row] = yield* Effect.orElseSucceed(open.query(areMigrated, [newestMigration]), () => [])
          if (row?.["done"] !== true) yield* migrate
          isMigrated = true
        })
      }).pipe(migrating.withPermits(1))

      return {
        address,
        session,
        sessionNow,
        changes: Stream.fromPubSub(changes).pipe(Stream.throttle({ cost: () => 1, units: 1, duration: changesEvery })),
        migrated,
      }
    }),
  )
