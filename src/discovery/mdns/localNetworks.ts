/** The IPv4 networks that this machine is connected to now. opencode announces itself over IPv4 only. */
import { Context, Effect, Record } from "effect"
import { BlockList } from "node:net"
import { networkInterfaces } from "node:os"

/** One of this machine's IPv4 addresses. */
export interface LocalNetwork {
  readonly address: string
  /** Length of the network prefix in bits. */
  readonly prefix: number
  /** Whether it is a loopback network. */
  readonly internal: boolean
}

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
  // Some systems, such as Android, deny access to unprivileged processes.
  Effect.orElseSucceed((): ReadonlyArray<LocalNetwork> => []),
)

export const LocalNetworks = Context.Reference<Effect.Effect<ReadonlyArray<LocalNetwork>>>(
  "opencode-fleet/discovery/mdns/LocalNetworks",
  { defaultValue: () => ofThisMachine },
)

/** Tests whether an address belongs to one of the networks. Other packets must be ignored (RFC 6762, section 11). */
export const onLink = (networks: ReadonlyArray<LocalNetwork>): ((address: string) => boolean) => {
  const list = new BlockList()
  for (const { address, prefix } of networks) list.addSubnet(address, prefix)
  return (address) => list.check(address)
}

/** The networks to send questions to: all except loopback, which is used only if there is no other. */
export const queriedNetworks = (networks: ReadonlyArray<LocalNetwork>): ReadonlyArray<LocalNetwork> => {
  const others = networks.filter(({ internal }) => !internal)
  return others.length > 0 ? others : networks
}
