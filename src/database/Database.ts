/**
 * The PostgreSQL database that several opencode-fleet servers share (`DATABASE_URL`): one connection per process, which is
 * opened again whenever it is lost.
 */
import { Context, type Duration, type Effect, Schema, type Stream } from "effect"

/** The channel of `NOTIFY`. */
export const channel = "opencode_fleet"

/** The statement that tells all servers that something has changed. */
export const notifyServers = `notify ${channel}`

/** There is no connection, or a statement failed. `reason` is a clause without any secret. */
export class DatabaseUnavailable extends Schema.TaggedError<DatabaseUnavailable>()("DatabaseUnavailable", {
  /** Host, port and name of the database. */
  address: Schema.String,
  reason: Schema.String,
}) {
  override get message() {
    return `the database at ${this.address} cannot be used: ${this.reason}`
  }
}

export type Row = Readonly<Record<string, unknown>>

/** One connection. Its locks end with it. */
export interface DatabaseSession {
  /** Not interruptible, so that its result is always known. A statement without an answer within 5 s ends the connection. */
  readonly query: (
    sql: string,
    parameters?: ReadonlyArray<unknown>,
  ) => Effect.Effect<ReadonlyArray<Row>, DatabaseUnavailable>
}

export interface DatabaseValues {
  /** Host, port and name of the database, without user and password. */
  readonly address: string
  /**
   * The open connection. Waits for it, unless the database has been away for longer than `patience`. Until there was a connection,
   * it waits only while the first attempt to connect is running.
   */
  readonly session: (patience: Duration.Input) => Effect.Effect<DatabaseSession, DatabaseUnavailable>
  /** The open connection. Waits only while the first attempt to connect is running. */
  readonly sessionNow: Effect.Effect<DatabaseSession, DatabaseUnavailable>
  /** Emits when a server has changed something in the database, and when the connection has been opened; at most once a second. */
  readonly changes: Stream.Stream<void>
  /** Creates the tables or brings them up to date, once per process. */
  readonly migrated: Effect.Effect<void, DatabaseUnavailable>
}

/** Default: none. The layers of fleets provide the database of their `databaseUrl`. */
export const Database = Context.Reference<DatabaseValues | undefined>("opencode-fleet/database/Database", {
  defaultValue: () => undefined,
})
