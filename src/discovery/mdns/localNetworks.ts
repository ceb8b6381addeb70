/** The networks that this machine is on now, and who is on one of them. */
import { Context, Effect, Record } from "effect"
import { BlockList } from "node:net"
import { networkInterfaces } from "node:os"

/** One of this machine's IPv4 addresses. */
export interface LocalNetwork {
  readonly address: string
  /** How many bits of the address all on that network share. */
  readonly prefix: number
  /** Only this machine is on it. */
  readonly internal: boolean
}

/** mDNS over IPv4 is what opencode speaks. */
const ofThisMachine = Effect.try(() =>
  Record.collect(networkInterfaces(), (_, addresses = []) => addresses)
    .flat()
    .filter(({ family }) => family === "IPv4")
    .map(({ address, cidr, internal }): LocalNetwork => ({
      address,
      prefix: Number(/\/(\d+)$/u.exec(cidr ?? "")?.[1] ?? 32),
      internal,
    })),
).pipe(
  // Some systems do not let everybody ask.
  Effect.orElseSucceed((): ReadonlyArray<LocalNetwork> => []),
)

export const LocalNetworks = Context.Reference<Effect.Effect<ReadonlyArray<LocalNetwork>>>(
  "opencode-fleet/fleet/mdns/LocalNetworks",
  { defaultValue: () => ofThisMachine },
)

/** Whether an address is of one of these networks. What comes from elsewhere is no mDNS (RFC 6762, section 11). */
export const onLink = (networks: ReadonlyArray<LocalNetwork>): ((address: string) => boolean) => {
  const list = new BlockList()
  for (const { address, prefix } of networks) list.addSubnet(address, prefix)
  return (address) => list.check(address)
}

/** Where to ask from: each of the networks with others on it; where there is none, this machine itself. */
export const askedFrom = (networks: ReadonlyArray<LocalNetwork>): ReadonlyArray<LocalNetwork> => {
  const others = networks.filter(({ internal }) => !internal)
  return others.length > 0 ? others : networks
}
