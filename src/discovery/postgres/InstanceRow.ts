/** A row of the table of instances, as it is read. Anyone who may write to the database may have written it. */
import { Schema } from "effect"
import { addressIn, loopbackOf } from "../address.ts"
import { isLoopback } from "../../text/loopback.ts"

const webUrl = (text: string): URL | undefined => {
  const url = URL.parse(text)
  return url !== null && ["http:", "https:"].includes(url.protocol) && url.username === "" && url.password === ""
    ? url
    : undefined
}

/** A URL at which other machines reach an instance. */
export const isAdvertisable = (text: string): boolean => {
  const url = webUrl(text)
  return url !== undefined && loopbackOf(addressIn(url)) === undefined
}

const isLocal = (text: string): boolean => {
  const url = webUrl(text)
  return url !== undefined && isLoopback(addressIn(url))
}

/** The id of opencode 2's service begins with it; the id of its machine follows. */
export const servicePrefix = "service-"

const Text = Schema.NullOr(Schema.String)

export const InstanceRow = Schema.Struct({
  id: Schema.String.check(Schema.isPattern(/^[\da-z-]{1,63}$/u, { expected: "an id" })),
  name: Schema.String,
  host: Schema.String,
  /** The id of the machine; host names are not unique. */
  machine: Schema.String,
  /** Where it listens on its own machine. */
  local_url: Schema.String.check(Schema.makeFilter(isLocal, { expected: "a loopback URL in local_url" })),
  /** Where other machines reach it. */
  url: Schema.NullOr(
    Schema.String.check(
      Schema.makeFilter(isAdvertisable, { expected: "a URL that other machines can use, without a password, in url" }),
    ),
  ),
  /** The state of its tunnel to a relay, in words. */
  tunnel: Text,
  api: Schema.Literals([1, 2]),
  directory: Text,
  pid: Schema.NullOr(Schema.Int),
  birth: Text,
  /** When it was announced first, in seconds of the database's clock. */
  started: Schema.Finite,
  heartbeat_seconds: Schema.Int,
  /** Seconds since its last heartbeat, by the clock of the database, while the database was running. */
  silent_seconds: Schema.Finite,
})
export type InstanceRow = typeof InstanceRow.Type

/** More rows are left out, and said to be. */
export const maxRows = 1000

/** By the clock of the database. While it was down, no heartbeat could arrive. */
export const silentSeconds = "extract(epoch from now() - greatest(seen_at, pg_postmaster_start_time()))::float8"

const select = `
  select id, name, host, machine, local_url, url, tunnel, api, directory, pid, birth, heartbeat_seconds,
    extract(epoch from started_at)::float8 as started, ${silentSeconds} as silent_seconds
  from opencode_fleet_instances`

/** The newest ones. */
export const readRows = `${select} order by seen_at desc, id limit ${maxRows + 1}`

/** At most {@link maxRows}, after this id. */
export const readRowsAfter = `${select} where id > $1 order by id limit ${maxRows}`

/** After this many missed heartbeats, an instance is silent. */
const missedHeartbeats = 3

export const isSilent = ({ heartbeat_seconds, silent_seconds }: InstanceRow): boolean =>
  silent_seconds > heartbeat_seconds * missedHeartbeats
