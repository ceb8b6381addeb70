/**
 * The tables in the database, as steps that Effect's `Migrator` runs in order. A released step is never changed: a new one is
 * added. The names are looked up in the connection's search path, so `?options=-csearch_path=fleet` moves all of them.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql/SqlClient"

/** Holds the steps that have been run. */
export const migrationsTable = "opencode_fleet_migrations"

/** A heartbeat is a time of the database, so the clocks of machines are never compared. */
const instances = Effect.gen(function* () {
  const sql = yield* SqlClient
  yield* sql`
    create table opencode_fleet_instances (
      id text primary key check (length(id) <= 100),
      name text not null check (length(name) between 1 and 200),
      host text not null check (length(host) <= 255),
      machine text not null check (length(machine) <= 100),
      local_url text not null check (length(local_url) <= 500 and local_url not like '%@%'),
      url text check (length(url) <= 500 and url not like '%@%'),
      tunnel text check (length(tunnel) <= 300),
      api smallint not null check (api in (1, 2)),
      directory text check (length(directory) <= 4096),
      pid integer,
      birth text check (length(birth) <= 100),
      heartbeat_seconds integer not null check (heartbeat_seconds between 1 and 3600),
      started_at timestamptz not null default now(),
      seen_at timestamptz not null default now()
    )`
})

/**
 * The sessions that servers are about to send to. A row is there for as long as the claim, which is a lock of its holder's
 * connection, so a row without a lock says that its server was killed or has lost its connection.
 */
const claims = Effect.gen(function* () {
  const sql = yield* SqlClient
  yield* sql`
    create table opencode_fleet_claims (
      session text primary key check (length(session) <= 200),
      since timestamptz not null default now(),
      abandoned boolean not null default false
    )`
})

export const migrations = { "1_instances": instances, "2_claims": claims }

export const newestMigration = Math.max(...Object.keys(migrations).map((name) => Number.parseInt(name, 10)))
