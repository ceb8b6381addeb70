/** Announces an instance in the database as long as a scope is open: a row with a heartbeat. */
import { Duration, Effect, Queue, Stream } from "effect"
import { type DatabaseValues, notifyServers } from "../../database/Database.ts"
import { line } from "../../text/plainText.ts"

export const heartbeat = Duration.seconds(15)

/** Nothing in it is secret. */
export interface AnnouncedInstance {
  readonly name: string
  readonly host: string
  /** See `machineId`. */
  readonly machine: string
  /** Where it listens on its own machine. */
  readonly localUrl: string
  /** Where other machines reach it. */
  readonly url?: string | undefined
  /** The state of its tunnel in words. */
  readonly tunnel?: string | undefined
  readonly api: 1 | 2
  readonly directory?: string | undefined
  readonly pid?: number | undefined
  readonly birth?: string | undefined
}

const write = `
  insert into opencode_fleet_instances
    (id, name, host, machine, local_url, url, tunnel, api, directory, pid, birth, heartbeat_seconds)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
  on conflict (id) do update set
    name = excluded.name, host = excluded.host, machine = excluded.machine, local_url = excluded.local_url,
    url = excluded.url, tunnel = excluded.tunnel, api = excluded.api,
    directory = excluded.directory, pid = excluded.pid, birth = excluded.birth,
    heartbeat_seconds = excluded.heartbeat_seconds, seen_at = now()`

const find = "select id from opencode_fleet_instances where id = $1"

const remove = "delete from opencode_fleet_instances where id = $1"

/** What fits into the column, with the number of characters left out. */
const maxTunnel = 250

const valuesOf = ({ api, birth, directory, host, localUrl, machine, name, pid, tunnel, url }: AnnouncedInstance) => [
  name,
  host,
  machine,
  localUrl,
  url ?? null,
  tunnel === undefined ? null : line(tunnel, maxTunnel),
  api,
  directory ?? null,
  pid ?? null,
  birth ?? null,
  Duration.toSeconds(heartbeat),
]

/** A database that is away does not delay the end of the program. */
const endPatience = "2 seconds"

/**
 * Writes the row in the background, at each heartbeat and as soon as another program has removed it, and removes it at the end.
 * A database that is away is no failure: its connection logs it, and the row is written when it is back.
 *
 * `id` distinguishes the instance from all others, and is also in its registrations. `current` is read for each heartbeat; without
 * a value, there is none, so that a row that is there becomes silent. Returns `update`, which has the row written now, without
 * waiting: other servers are told at once when something has changed.
 */
export const announceInstance = Effect.fnUntraced(function* <R>(
  database: DatabaseValues,
  id: string,
  current: Effect.Effect<AnnouncedInstance | undefined, never, R>,
) {
  /** What other servers were told last; undefined while there is no row. */
  let told: string | undefined
  const beat = Effect.gen(function* () {
    yield* database.migrated
    const instance = yield* current
    if (instance === undefined) {
      // Others are told when it is back.
      told = undefined
      return
    }
    const { query } = yield* database.session("5 seconds")
    const values = valuesOf(instance)
    yield* query(write, [id, ...values])
    const content = JSON.stringify(values)
    if (told === content) return
    yield* query(notifyServers)
    told = content
  }).pipe(Effect.catch((error) => Effect.logDebug(`heartbeat: ${error.message}`)))

  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      const { query } = yield* database.session(endPatience)
      yield* query(remove, [id])
      yield* query(notifyServers)
    }).pipe(Effect.timeout(endPatience), Effect.ignore),
  )
  const due = yield* Queue.sliding<void>(1)
  const update = Effect.asVoid(Queue.offer(due, undefined))
  yield* beat.pipe(Effect.andThen(Effect.timeoutOption(Queue.take(due), heartbeat)), Effect.forever, Effect.forkScoped)
  const isMissing = Effect.gen(function* () {
    const { query } = yield* database.sessionNow
    return (yield* query(find, [id])).length === 0
  }).pipe(Effect.orElseSucceed(() => false))
  yield* database.changes.pipe(
    Stream.runForEach(() =>
      Effect.gen(function* () {
        if (told !== undefined && !(yield* isMissing)) return
        told = undefined
        yield* update
      }),
    ),
    Effect.forkScoped,
  )
  return { update }
})
