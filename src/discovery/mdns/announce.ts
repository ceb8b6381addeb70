/** Turns an mDNS service into an announcement. */
import { line } from "../../text/plainText.ts"
import type { Announcement } from "../Discovery.ts"
import type { Identity } from "../identification/Identification.ts"
import { type Candidate, withheld } from "../identification/identifier.ts"
import { instanceName } from "../instanceName.ts"
import type { Service } from "./Services.ts"

export interface ServiceCandidate extends Candidate {
  readonly service: Service
}

/** The host name that opencode announces unless `--mdns-domain` sets another one. It identifies no machine. */
const defaultHosts = new Set(["opencode.local", ""])

const hostOf = (target: string): string | undefined => {
  const name = line(target, 255).replace(/\.$/u, "")
  return defaultHosts.has(name.toLowerCase()) ? undefined : name
}

const untrusted = "any device on the network can announce an opencode"

const withheldFrom = (candidate: ServiceCandidate, identity: Identity | undefined): string | undefined => {
  if (identity !== undefined) return withheld({ candidate, identity }, untrusted)
  return candidate.mayHavePassword ? "it has not yet answered as an opencode that requires one" : untrusted
}

/** `identity` is undefined if the service does not answer as opencode; `ownName` is the host name if it runs here. */
export const announce = (
  candidate: ServiceCandidate,
  identity: Identity | undefined,
  ownName: string | undefined,
): Announcement => {
  const { address, label, target } = candidate.service
  const passwordWithheld = withheldFrom(candidate, identity)
  const shown = line(label, 63)
  const host = hostOf(target) ?? ownName
  // An untrusted service does not choose its own name.
  const trustedHost = candidate.mayHavePassword ? host : ownName
  // Host names are cut at the first dot, so the dots of an address are replaced first.
  const [machine = ""] = (trustedHost ?? address.replaceAll(".", "-")).split(".")
  const directory = identity?.location?.directory ?? ""
  return {
    name:
      directory === ""
        ? instanceName(`${machine}-${shown}`, "", "")
        : instanceName(undefined, machine, directory, identity?.location?.worktree),
    host: host ?? address,
    url: candidate.url,
    directory: directory === "" ? undefined : directory,
    transport: "mdns",
    passwordWithheld,
    ...(passwordWithheld === untrusted ? { passwordRemedy: { _tag: "AllowMdns", address } as const } : {}),
    untrusted: !candidate.mayHavePassword && ownName === undefined,
    source: `mdns ${shown} at ${address}`,
  }
}
