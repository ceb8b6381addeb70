/** Chooses the machines of a tailnet that may run the user's opencode. */
import type { Problem } from "../Discovery.ts"
import { isIPv4, isIPv6 } from "node:net"
import { line } from "../../text/plainText.ts"
import { loginOf, type Peer, peersOf, type TailnetStatus } from "./TailnetStatus.ts"

export interface Machine {
  /** For display: the first label of its name in the tailnet. */
  readonly host: string
  /** Its full name in the tailnet, or else its address. */
  readonly name: string
  /** The preferred address first. */
  readonly addresses: readonly [string, ...ReadonlyArray<string>]
}

export interface Machines {
  readonly machines: ReadonlyArray<Machine>
  /** Why some may be missing. Each continues after the word "tailscale". */
  readonly problems: ReadonlyArray<Omit<Problem, "source">>
}

/** Login name of the pseudo-user of all tagged machines. Needed because versions before 1.34 omit their own tags. */
const taggedDevices = "tagged-devices"

const withoutDot = (name: string): string => name.replace(/\.$/u, "")

const nonEmpty = (text: string | null | undefined): string | undefined =>
  text === null || text === undefined || text === "" ? undefined : text

/** The suffix of the names in this tailnet. Machines shared into it have the suffixes of their own tailnets. */
const suffixOf = ({ CurrentTailnet, MagicDNSSuffix }: TailnetStatus): string | undefined =>
  nonEmpty(CurrentTailnet?.MagicDNSSuffix) ?? nonEmpty(MagicDNSSuffix)

/** The id of the user of this machine. Undefined if the machine is tagged, because it then belongs to no user. */
const userOf = (status: TailnetStatus): string | undefined => {
  const id = nonEmpty(status.Self?.UserID)
  const tagged = (status.Self?.Tags?.length ?? 0) > 0
  return id === undefined || id === "0" || tagged || loginOf(status, id) === taggedDevices ? undefined : id
}

const isEligible = (status: TailnetStatus, tag: string | undefined) => {
  const user = userOf(status)
  const suffix = suffixOf(status)?.toLowerCase()
  return ({ AltSharerUserID, DNSName, Expired, Online, ShareeNode, Tags, UserID }: Peer): boolean => {
    if (Online !== true || Expired === true || ShareeNode === true) return false
    const tags = Tags ?? []
    if (user !== undefined && UserID === user && tags.length === 0) return true
    // Tags of other tailnets are ignored, because their owners could share a machine with any tag.
    const inside =
      suffix !== undefined &&
      withoutDot(DNSName ?? "")
        .toLowerCase()
        .endsWith(`.${suffix}`)
    const shared = (AltSharerUserID ?? "0") !== "0"
    return tag !== undefined && tags.includes(tag) && inside && !shared
  }
}

/** IPv4 first, because a server that listens on all addresses always listens on IPv4. */
const addressesOf = ({ TailscaleIPs }: Peer): ReadonlyArray<string> => {
  const all = TailscaleIPs ?? []
  return [
    ...all.filter((address) => isIPv4(address)),
    ...all.filter((address) => isIPv6(address) && !address.includes("%")),
  ]
}

const machineOf = (peer: Peer): ReadonlyArray<Machine> => {
  const [first, ...others] = addressesOf(peer)
  if (first === undefined) return []
  const name = line(withoutDot(peer.DNSName ?? ""), 255)
  const [label = ""] = name.split(".")
  const host = nonEmpty(line(label)) ?? nonEmpty(line(peer.HostName ?? "", 63)) ?? first
  return [{ host, name: nonEmpty(name) ?? first, addresses: [first, ...others] }]
}

/** The machines that are online and belong to the user or have the tag, without this machine. */
export const machinesOf = (status: TailnetStatus, tag: string | undefined): Machines => {
  const { peers, undecoded } = peersOf(status)
  const own = new Set(status.Self === null || status.Self === undefined ? [] : addressesOf(status.Self))
  const machines = peers
    .filter(isEligible(status, tag))
    .flatMap(machineOf)
    .filter(({ addresses }) => !addresses.some((address) => own.has(address)))
  const problems: Array<Omit<Problem, "source">> = []
  if (undecoded > 0) problems.push({ reason: `lists ${undecoded} peers that could not be decoded; they are left out` })
  if (tag === undefined && userOf(status) === undefined) {
    problems.push({
      reason: "cannot tell which machines are yours, because this machine is tagged and so belongs to no user",
      remedy: { _tag: "ChooseTailscaleTag" },
    })
  }
  return { machines, problems }
}
