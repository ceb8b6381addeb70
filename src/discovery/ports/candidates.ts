/** Turns listening sockets into URLs to probe, one candidate per server. */
import { Array } from "effect"
import { isIPv6, isLinkLocal, urlOf } from "../address.ts"
import type { Candidate } from "../identification/identifier.ts"
import type { Listening, Owner } from "./ListeningSockets.ts"

export interface PortCandidate extends Candidate {
  readonly port: number
  readonly owner: Owner | undefined
  /** Other URLs of the same process's port. */
  readonly aliases: ReadonlyArray<string>
}

/** Addresses to show first. */
const preferred = ["127.0.0.1", "::1"]

/** The addresses at which this machine reaches a socket. `addresses` are the machine's own. */
const reachableAt = (address: string, addresses: ReadonlyArray<string>): ReadonlyArray<string> => {
  const all =
    address === "0.0.0.0"
      ? [...preferred, ...addresses].filter((one) => !isIPv6(one))
      : address === "::"
        ? [...preferred, ...addresses]
        : [address]
  return all.filter((one) => !isLinkLocal(one))
}

const candidateOf = (
  sockets: Array.NonEmptyReadonlyArray<Listening>,
  reached: (socket: Listening) => ReadonlyArray<string>,
): ReadonlyArray<PortCandidate> => {
  const [{ owner, port }] = sockets
  const likely = owner?.isOpencode === true
  const addresses = new Set(sockets.flatMap(reached))
  const hosts = [...preferred.filter((host) => addresses.has(host)), ...addresses]
  const [url, ...aliases] = new Set(hosts.map((host) => urlOf(host, port)))
  const keys = sockets.map(({ key }) => key).toSorted()
  return url === undefined
    ? []
    : [
        {
          key: [...keys, owner?.pid ?? ""].join(" "),
          url,
          aliases,
          port,
          owner,
          likely,
          mayHavePassword: likely,
        },
      ]
}

/** All sockets of one process on one port belong to one server. */
const serverOf = ({ key, owner, port }: Listening) => `${port} ${owner?.pid ?? key}`

export const candidatesOf = (
  listening: ReadonlyArray<Listening>,
  addresses: ReadonlyArray<string>,
): ReadonlyArray<PortCandidate> => {
  /** A socket bound to one address takes precedence there over sockets bound to all addresses. */
  const bound = Array.groupBy(listening, ({ address, port }) => `${address} ${port}`)
  const reached = (socket: Listening) =>
    reachableAt(socket.address, addresses).filter((host) => {
      const others = bound[`${host} ${socket.port}`]
      return others === undefined || others.some((one) => serverOf(one) === serverOf(socket))
    })
  const servers = Object.values(Array.groupBy(listening, serverOf))
  const candidates = servers.flatMap((sockets) => candidateOf(sockets, reached))
  // Several processes may share one port (SO_REUSEPORT), and any of them may answer.
  return Object.values(Array.groupBy(candidates, ({ url }) => url)).map(([first, ...others]) => {
    const likely = first.likely && others.every(({ likely }) => likely)
    return { ...first, likely, mayHavePassword: likely }
  })
}
