/** Turns a row of the table of instances into an announcement, for this machine. */
import { Duration } from "effect"
import { isIP } from "node:net"
import { line, plainLine } from "../../text/plainText.ts"
import { isAllowedHost } from "../allowed.ts"
import { addressIn, portIn } from "../address.ts"
import type { Announcement } from "../Discovery.ts"
import { type InstanceRow, isSilent, servicePrefix } from "./InstanceRow.ts"

export interface ThisMachine {
  readonly hostname: string
  /** See `machineId`; undefined if it is not known. */
  readonly id: string | undefined
}

/** Whether a pattern of `DATABASE_ALLOW` matches the host of the URL, or host and port. The name of a row does not count. */
export const isAllowed = (url: string, patterns: ReadonlyArray<string>): boolean => {
  const parsed = new URL(url)
  const host = addressIn(parsed)
  const known = [host, `${host}:${portIn(parsed)}`]
  return isAllowedHost(isIP(host) === 0 ? { names: known, addresses: [] } : { names: [], addresses: known }, patterns)
}

const units = ["days", "hours", "minutes", "seconds"] as const

/** The largest unit, such as `3 hours`. */
export const silenceText = (seconds: number): string => {
  const parts = Duration.parts(Duration.seconds(Math.max(0, Math.floor(seconds))))
  const unit = units.find((each) => parts[each] > 0) ?? "seconds"
  return `${parts[unit]} ${parts[unit] === 1 ? unit.slice(0, -1) : unit}`
}

/** Whether it runs on this machine. */
export const isHere = ({ host, machine }: InstanceRow, here: ThisMachine): boolean =>
  machine === here.id && host === here.hostname

/** Where this machine reaches it; undefined if it cannot. */
export const urlFor = (row: InstanceRow, here: ThisMachine): string | undefined =>
  isHere(row, here) ? row.local_url : (row.url ?? undefined)

const unreachable = (row: InstanceRow, url: string | undefined): string | undefined => {
  const host = line(row.host, 100)
  if (isSilent(row)) {
    const stopped = row.id.startsWith(servicePrefix) ? ", or opencode's service is not running there" : ""
    return `has sent no heartbeat for ${silenceText(row.silent_seconds)}; ${host} may be asleep or off, or its \`connect\` was killed${stopped}`
  }
  if (url !== undefined) return undefined
  const tunnel =
    row.tunnel === null
      ? " (`connect --registry --advertise URL` there names one)"
      : `; its tunnel: ${line(row.tunnel, 200)}`
  return `is announced by ${host}, but no address of it can be reached from here${tunnel}`
}

/** `passwordWithheld`: why the password is not sent to it. */
export const announce = (
  row: InstanceRow,
  here: ThisMachine,
  database: string,
  passwordWithheld: string | undefined,
  isTrusted: boolean,
): Announcement => {
  const url = urlFor(row, here)
  const reason = unreachable(row, url)
  return {
    name: plainLine(row.name) === "" ? row.id : line(row.name, 180),
    host: line(row.host, 200),
    // The name cannot be resolved, so that no request ever goes to another instance.
    url: reason === undefined && url !== undefined ? url : `http://${row.id}.invalid`,
    identity: row.id,
    remotePort: portIn(new URL(row.local_url)),
    directory: row.directory === null ? undefined : plainLine(row.directory),
    transport: "postgres",
    api: row.api,
    ...(reason === undefined ? {} : { unreachable: reason }),
    ...(passwordWithheld === undefined ? {} : { passwordWithheld }),
    ...(isTrusted || url === undefined || passwordWithheld === undefined
      ? {}
      : { passwordRemedy: { _tag: "AllowInDatabase", address: addressIn(new URL(url)) } as const }),
    untrusted: !isTrusted,
    ...(isHere(row, here) ? { pid: row.pid ?? undefined, birth: row.birth ?? undefined } : { tunnelled: true }),
    source: `row ${row.id} of the database at ${database}`,
  }
}
