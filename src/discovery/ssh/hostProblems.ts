/** What is wrong with a host, and what the user can do about it. */
import { sshCause } from "../../machine/ssh/sshCause.ts"
import type { Problem } from "../Discovery.ts"
import type { Remedy } from "../Remedy.ts"
import type { UnusedRegistration } from "./HostReport.ts"
import type { HostState } from "./SshHost.ts"

const remedyOf = (host: string, reason: string): Remedy => {
  const cause = sshCause(reason)
  switch (cause) {
    case "unknownHostKey":
    case "changedHostKey":
      return { _tag: "CheckHostKey", host }
    case "loginRefused":
      return { _tag: "AddSshKey", host }
    default:
      return { _tag: "TrySsh", host, cause }
  }
}

const unusedReasons: Readonly<Record<Exclude<UnusedRegistration["state"], "stale">, (port: number) => string>> = {
  foreign: (port) =>
    `names port ${port}, on which another program listens. That program receives nothing; do not start opencode there before it has ended`,
  unsafe: () => "can be written by other users of that machine, so it is not used",
  broken: () => "is not the registration of an opencode 2 service",
}

/** At most one problem for a host that cannot be used; otherwise one for each thing there that cannot be used. */
export const problemsOf = (
  host: string,
  { link, notForwarded, report, servers, services }: HostState,
): ReadonlyArray<Problem> => {
  if (link._tag === "waiting") {
    return [{ source: `ssh ${host}`, reason: `does not work: ${link.reason}`, remedy: remedyOf(host, link.reason) }]
  }
  if (report === undefined) return [{ source: `ssh ${host}`, reason: "has not connected yet; it is still being tried" }]
  const unused = report.unused.flatMap(({ file, port, state }): ReadonlyArray<Problem> =>
    state === "stale" ? [] : [{ source: `${host}:${file}`, reason: unusedReasons[state](port) }],
  )
  if (notForwarded !== undefined) {
    const problem = { source: `ssh ${host}`, reason: `cannot reach all servers there: ${notForwarded}` }
    return [{ ...problem, remedy: { _tag: "AllowForwarding", host } }, ...unused]
  }
  if (servers.length + services.length > 0) return unused
  if (unused.length > 0) return unused
  return [
    report.isListed
      ? {
          source: host,
          reason: "is reached over ssh, but no opencode is running there",
          remedy: { _tag: "StartOpencode", host },
        }
      : {
          source: host,
          reason:
            "is reached over ssh, but has neither /proc/net/tcp nor lsof, so only an opencode 2 service is found there",
          remedy: { _tag: "StartOpencode", host },
        },
  ]
}
