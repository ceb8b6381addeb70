/** The servers of an ssh host as announcements. */
import { isIP } from "node:net"
import { defaultUsername } from "../../opencode/Target.ts"
import { plainLine } from "../../text/plainText.ts"
import type { Announcement } from "../Discovery.ts"
import { type Candidate, type Identified, withheld } from "../identification/identifier.ts"
import { instanceName } from "../instanceName.ts"
import { bareHost } from "./hostList.ts"
import type { Reached } from "./hostPorts.ts"
import type { HostServer, HostService } from "./HostReport.ts"
import type { HostState } from "./SshHost.ts"

/** A server on a host whose version and directory are not known yet. */
export interface HostCandidate extends Candidate {
  readonly host: string
  readonly hostname: string
  readonly server: HostServer
}

const urlAt = ({ localPort }: Reached<unknown>) => `http://127.0.0.1:${localPort}`

/** The user's own word for the host, unless it is a number. */
const displayName = (host: string, hostname: string): string => {
  const bare = bareHost(host)
  return isIP(bare) !== 0 && hostname !== "" ? hostname : bare
}

export const candidatesOn = (host: string, { report, servers }: HostState): ReadonlyArray<HostCandidate> =>
  servers.map((reached) => {
    const { pid, port } = reached.server
    return {
      key: `${host} ${pid} ${port}`,
      url: urlAt(reached),
      // The user has named the host, and the process belongs to the user there.
      mayHavePassword: true,
      likely: true,
      host,
      hostname: report?.hostname ?? "",
      server: reached.server,
    }
  })

const common = (host: string, hostname: string, { pid, port }: HostServer | HostService, url: string) => ({
  host: displayName(host, hostname),
  url,
  remotePort: port,
  transport: "ssh",
  sshHost: host,
  pid,
  tunnelled: true,
})

export const announceServer = (identified: Identified<HostCandidate>): Announcement => {
  const { candidate, identity } = identified
  const { host, hostname, server, url } = candidate
  const directory = plainLine(identity.location?.directory ?? server.directory ?? "")
  return {
    ...common(host, hostname, server, url),
    name: instanceName(undefined, displayName(host, hostname), directory, identity.location?.worktree),
    directory: directory === "" ? undefined : directory,
    passwordWithheld: withheld(identified, ""),
    source: `${host}, port ${server.port} (process ${server.pid})`,
  }
}

/** A service has a password of its own, and serves all directories of its user. */
export const announceServices = (host: string, { report, services }: HostState): ReadonlyArray<Announcement> =>
  services.map((reached) => {
    const { file, password } = reached.server
    const hostname = report?.hostname ?? ""
    return {
      ...common(host, hostname, reached.server, urlAt(reached)),
      name: instanceName(undefined, displayName(host, hostname), ""),
      directory: undefined,
      api: 2,
      ...(password === undefined ? {} : { credentials: { username: defaultUsername, password } }),
      source: `${host}:${file}`,
    }
  })
