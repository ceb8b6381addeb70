/** What the script on an ssh host reports (`hostScript.ts`), and how its one line is read. */
import { Option, Redacted, Schema } from "effect"
import { plainLine } from "../../text/plainText.ts"
import { addressIn } from "../address.ts"
import { addressOf } from "../ports/procNet.ts"

/** Where a server listens on its host, as that host reaches it. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** A listening opencode of either version. */
export interface HostServer extends Endpoint {
  readonly pid: number
  /** Its working directory, if the system reports it. */
  readonly directory: string | undefined
}

/** A running opencode 2 service. */
export interface HostService extends Endpoint {
  readonly file: string
  readonly pid: number
  /** Undefined if its registration has none. */
  readonly password: Redacted.Redacted | undefined
}

/**
 * A registration that is not used. `stale`: its process has ended. `foreign`: another program listens on its port. `unsafe`:
 * other users can write to it. `broken`: it is not a registration.
 */
export interface UnusedRegistration {
  readonly file: string
  readonly state: "stale" | "foreign" | "unsafe" | "broken"
  readonly port: number
}

export interface HostReport {
  /** The host's own name. */
  readonly hostname: string
  readonly servers: ReadonlyArray<HostServer>
  readonly services: ReadonlyArray<HostService>
  readonly unused: ReadonlyArray<UnusedRegistration>
  /** Whether the system lists its listening sockets. */
  readonly isListed: boolean
}

/** opencode's file has more fields. */
const Registration = Schema.fromJsonString(
  Schema.Struct({ url: Schema.String, password: Schema.optional(Schema.String) }),
)
const decodeRegistration = Schema.decodeOption(Registration)

/** A wildcard address is reached at loopback. */
const reachable = (address: string): string => {
  switch (address) {
    case "":
    case "*":
    case "0.0.0.0":
      return "127.0.0.1"
    case "::":
      return "::1"
    default:
      return address
  }
}

const socketAddress = (text: string): string =>
  reachable(/^(?:[\dA-F]{8}|[\dA-F]{32})$/u.test(text) ? addressOf(text) : text.replaceAll(/^\[|\]$/gu, ""))

const serverOf = (fields: string): HostServer | undefined => {
  const [, pid, address = "", port, directory = ""] = /^(\d+) (\S+) (\d{1,5})(?: (.*))?$/u.exec(fields) ?? []
  return port === undefined
    ? undefined
    : {
        pid: Number(pid),
        address: socketAddress(address),
        port: Number(port),
        directory: directory === "" ? undefined : plainLine(directory),
      }
}

const unusedStates = ["stale", "foreign", "unsafe", "broken"] as const

/** `json` is the record that follows. */
const registrationOf = (fields: string, json: string | undefined): HostService | UnusedRegistration | undefined => {
  const [, told, pid, port, file = ""] = /^(\w+) (\d+) (\d{1,5}) (.+)$/u.exec(fields) ?? []
  const state = unusedStates.find((each) => each === told)
  if (state !== undefined) return { file, state, port: Number(port) }
  if (told !== "ok") return undefined
  const registration = decodeRegistration(json ?? "")
  if (Option.isNone(registration) || !URL.canParse(registration.value.url)) {
    return { file, state: "broken", port: Number(port) }
  }
  const { password, url } = registration.value
  return {
    file,
    pid: Number(pid),
    address: reachable(addressIn(new URL(url))),
    port: Number(port),
    password: password === undefined ? undefined : Redacted.make(password),
  }
}

/** One server per process and port, at the address that is preferred. */
const distinct = (servers: ReadonlyArray<HostServer>): ReadonlyArray<HostServer> => {
  const rank = ({ address }: HostServer) => ["127.0.0.1", "::1"].indexOf(address) >>> 0
  const byProcess = Map.groupBy(servers, ({ pid, port }) => `${pid} ${port}`)
  return [...byProcess.values()].flatMap((all) => all.toSorted((one, other) => rank(one) - rank(other)).slice(0, 1))
}

/** Reads the answer to `scan`. Records of an unknown kind are ignored. Undefined if it is not a report. */
export const parseReport = (answer: string): HostReport | undefined => {
  const [kind, ...records] = answer.split("\t")
  if (kind !== "report") return undefined
  const fieldsOf = (name: string, index: number) => {
    const record = records[index] ?? ""
    return record.startsWith(`${name} `) ? record.slice(name.length + 1) : undefined
  }
  const registrations = new Map<string, HostService | UnusedRegistration>()
  const servers: Array<HostServer> = []
  let hostname = ""
  for (const index of records.keys()) {
    hostname = plainLine(fieldsOf("host", index) ?? hostname)
    const server = serverOf(fieldsOf("server", index) ?? "")
    if (server !== undefined) servers.push(server)
    const registration = registrationOf(fieldsOf("service", index) ?? "", fieldsOf("json", index + 1))
    if (registration !== undefined) registrations.set(registration.file, registration)
  }
  const services = [...registrations.values()].flatMap((one) => ("state" in one ? [] : [one]))
  const serviceProcesses = new Set(services.map(({ pid }) => pid))
  return {
    hostname,
    servers: distinct(servers.filter(({ pid }) => !serviceProcesses.has(pid))),
    services,
    unused: [...registrations.values()].flatMap((one) => ("state" in one ? [one] : [])),
    isListed: !records.includes("unlisted"),
  }
}
