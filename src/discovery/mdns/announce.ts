/** A service of mDNS as the fleet sees it. */
import { line } from "../../text/plainText.ts"
import type { Announcement } from "../Discovery.ts"
import type { Identity } from "../identification/Identification.ts"
import { type Candidate, withheld } from "../identification/identifier.ts"
import { instanceName } from "../instanceName.ts"
import type { Service } from "./Services.ts"

export interface ServiceCandidate extends Candidate {
  readonly service: Service
}

/** What every opencode calls its host that was not told otherwise (`--mdns-domain`). */
const anyHost = new Set(["opencode.local", ""])

const given = (target: string): string | undefined => {
  const name = line(target, 255).replace(/\.$/u, "")
  return anyHost.has(name.toLowerCase()) ? undefined : name
}

const withheldFrom = (candidate: ServiceCandidate, identity: Identity | undefined): string | undefined => {
  const { address } = candidate.service
  const stranger = `anybody on the network can announce an opencode; MDNS_ALLOW=${address} says that this one may have it`
  if (identity !== undefined) return withheld({ candidate, identity }, stranger)
  return candidate.mayHavePassword ? "it has not shown yet that it is an opencode which asks for one" : stranger
}

/** `identity` is none of one that does not answer as opencode does; `ownName` is this machine's, if it is here. */
export const announce = (
  candidate: ServiceCandidate,
  identity: Identity | undefined,
  ownName: string | undefined,
): Announcement => {
  const { address, label, target } = candidate.service
  const shown = line(label, 63)
  const host = given(target) ?? ownName
  // Who is not trusted does not choose the name that it is called by.
  const known = candidate.mayHavePassword ? host : ownName
  // A name ends at its first dot, and the first part of an address says nothing.
  const [machine = ""] = (known ?? address.replaceAll(".", "-")).split(".")
  const directory = identity?.place?.directory ?? ""
  return {
    name:
      directory === ""
        ? instanceName(`${machine}-${shown}`, "", "")
        : instanceName(undefined, machine, directory, identity?.place?.worktree),
    host: host ?? address,
    url: candidate.url,
    directory: directory === "" ? undefined : directory,
    transport: "mdns",
    passwordWithheld: withheldFrom(candidate, identity),
    stranger: !candidate.mayHavePassword && ownName === undefined,
    source: `mdns ${shown} at ${address}`,
  }
}
