/** Announces an instance in the database as long as a scope is open: a row with a heartbeat. */
import { Duration, Effect, Schedule } from "effect"
import type { DatabaseValues } from "../../database/Database.ts"

export const heartbeat = Duration.seconds(15)

/** Nothing in it is secret. */
export interface AnnouncedInstance {
  /** Distinguishes it from all others, and is also in its registrations. */
  readonly id: string
  readonly name: string
  readonly host: string
  /** See `machineId`. */
  readonly machine: string
  /** Where it listens on its own machine. */
  readonly localUrl: string
  /** Where other machines reach it. */
  readonly url?: string | undefined
  readonly api: 1 | 2
  readonly version?: string | undefined
  readonly directory?: string | undefined
  readonly pid?: number | undefined
  readonly birth?: string | undefined
}

const write = `
  insert into opencode_fleet_instances
    (id, name, host, machine, local_url, url, tunnel, api, version, directory, pid, birth, heartbeat_seconds)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
  on conflict (id) do update set
    name = excluded.name, host = excluded.host, machine = excluded.machine, local_url = excluded.local_url,
    url = excluded.url, tunnel = excluded.tunnel, api = excluded.api, version = excluded.version,
    directory = excluded.directory, pid = excluded.pid, birth = excluded.birth,
    heartbeat_seconds = excluded.heartbeat_seconds, seen_at = now()`

const remove = "delete from opencode_fleet_instances where id = $1"

const notify = "notify opencode_fleet"

/** A database that is away does not delay the end of the program. */
const endPatience = "2 seconds"

/**
 * Writes the row again at each heartbeat, because `prune` may have removed it, and removes it at the end. `tunnel` reads the
 * state of the tunnel in words; other servers are told at once when it has changed. A database that is away is no failure: its
 * connection logs it, and the next heartbeat tries again.
 */
export const announceInstance = Effect.fnUntraced(function* (
  database: DatabaseValues,
  instance: AnnouncedInstance,
  tunnel: Effect.Effect<string | undefined> = Effect.undefined,
) {
  let told: string | undefined
  const beat = Effect.gen(function* () {
    yield* database.migrated
    const state = yield* tunnel
    const { query } = yield* database.session("5 seconds")
    const { api, birth, directory, host, id, localUrl, machine, name, pid, url, version } = instance
    yield* query(write, [
      id,
      name,
      host,
      machine,
      localUrl,
      url ?? null,
      state ?? null,
      api,
      version ?? null,
      directory ?? null,
      pid ?? null,
      birth ?? null,
      Duration.toSeconds(heartbeat),
    ])
    const content = state ?? ""
    if (told === content) return
    yield* query(notify)
    told = content
  }).pipe(Effect.catch((error) => Effect.logDebug(`heartbeat: ${error.message}`)))

  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      const { query } = yield* database.session(endPatience)
      yield* query(remove, [instance.id])
      yield* query(notify)
    }).pipe(Effect.timeout(endPatience), Effect.ignore),
  )
  yield* beat
  yield* beat.pipe(Effect.delay(heartbeat), Effect.repeat(Schedule.forever), Effect.forkScoped)
  /** Writes the row now, for a change of the tunnel's state. */
  return { update: beat }
})
