/** The machines of a tailnet on which the user may have an opencode. */
import { isIPv4, isIPv6 } from "node:net"
import { line } from "../../text/plainText.ts"
import { loginOf, type Peer, peersOf, type TailnetStatus } from "./TailnetStatus.ts"

export interface Machine {
  /** For people: the first part of its name in the tailnet. */
  readonly host: string
  /** The whole of that name, or its address where it has none. */
  readonly name: string
  /** The one to connect to first. */
  readonly addresses: readonly [string, ...ReadonlyArray<string>]
}

export interface Machines {
  readonly machines: ReadonlyArray<Machine>
  /** Why some may be missing; each goes on behind the word "tailscale". */
  readonly troubles: ReadonlyArray<string>
}

/** The user who stands for all tagged machines. Versions before 1.34 do not say their own tags. */
const nobody = "tagged-devices"

const withoutDot = (name: string): string => name.replace(/\.$/u, "")

const given = (text: string | null | undefined): string | undefined =>
  text === null || text === undefined || text === "" ? undefined : text

/** What the names of this tailnet's machines end with; those that are shared into it have names of their own tailnets. */
const suffixOf = ({ CurrentTailnet, MagicDNSSuffix }: TailnetStatus): string | undefined =>
  given(CurrentTailnet?.MagicDNSSuffix) ?? given(MagicDNSSuffix)

/** Whose machines are this user's; none where this machine is tagged and so is nobody's. */
const userOf = (status: TailnetStatus): string | undefined => {
  const id = given(status.Self?.UserID)
  const tagged = (status.Self?.Tags?.length ?? 0) > 0
  return id === undefined || id === "0" || tagged || loginOf(status, id) === nobody ? undefined : id
}

const chosen = (status: TailnetStatus, tag: string | undefined) => {
  const user = userOf(status)
  const suffix = suffixOf(status)?.toLowerCase()
  return ({ AltSharerUserID, DNSName, Expired, Online, ShareeNode, Tags, UserID }: Peer): boolean => {
    if (Online !== true || Expired === true || ShareeNode === true) return false
    const tags = Tags ?? []
    if (user !== undefined && UserID === user && tags.length === 0) return true
    // A tag of another tailnet says nothing: anybody can give one, and share a machine that has it.
    const inside =
      suffix !== undefined &&
      withoutDot(DNSName ?? "")
        .toLowerCase()
        .endsWith(`.${suffix}`)
    const shared = (AltSharerUserID ?? "0") !== "0"
    return tag !== undefined && tags.includes(tag) && inside && !shared
  }
}

/** IPv4 first: what listens on all addresses listens there, too. */
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
  const host = given(line(label)) ?? given(line(peer.HostName ?? "", 63)) ?? first
  return [{ host, name: given(name) ?? first, addresses: [first, ...others] }]
}

/** Those that are online and this user's, or that have the tag. */
export const machinesOf = (status: TailnetStatus, tag: string | undefined): Machines => {
  const { broken, peers } = peersOf(status)
  const own = new Set(status.Self === null || status.Self === undefined ? [] : addressesOf(status.Self))
  const machines = peers
    .filter(chosen(status, tag))
    .flatMap(machineOf)
    .filter(({ addresses }) => !addresses.some((address) => own.has(address)))
  const troubles = [
    ...(broken === 0 ? [] : [`tells of ${broken} peers that cannot be understood; they are left out`]),
    ...(tag !== undefined || userOf(status) !== undefined
      ? []
      : [
          "does not say whose machines to look at, for this one is tagged and so belongs to no user. TAILSCALE_TAG names the tag of those that run opencode",
        ]),
  ]
  return { machines, troubles }
}
