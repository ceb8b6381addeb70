/** From the sockets that listen to the URLs that may be asked, each once. */
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

/** Those that everybody prefers to be told. */
const preferred = ["127.0.0.1", "::1"]

/** Where a socket is reached from this machine, which has those addresses. */
const reachedAt = (address: string, addresses: ReadonlyArray<string>): ReadonlyArray<string> => {
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
  const there = new Set(sockets.flatMap(reached))
  const hosts = [...preferred.filter((host) => there.has(host)), ...there]
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

/** The sockets of one process on one port are one server. */
const serverOf = ({ key, owner, port }: Listening) => `${port} ${owner?.pid ?? key}`

export const candidatesOf = (
  listening: ReadonlyArray<Listening>,
  addresses: ReadonlyArray<string>,
): ReadonlyArray<PortCandidate> => {
  /** Who has bound an address itself is reached there, whoever else listens on all of them. */
  const bound = Array.groupBy(listening, ({ address, port }) => `${address} ${port}`)
  const reached = (socket: Listening) =>
    reachedAt(socket.address, addresses).filter((host) => {
      const there = bound[`${host} ${socket.port}`]
      return there === undefined || there.some((one) => serverOf(one) === serverOf(socket))
    })
  const servers = Object.values(Array.groupBy(listening, serverOf))
  const candidates = servers.flatMap((sockets) => candidateOf(sockets, reached))
  // Several processes may share one port, and any of them may answer.
  return Object.values(Array.groupBy(candidates, ({ url }) => url)).map(([first, ...others]) => {
    const likely = first.likely && others.every(({ likely }) => likely)
    return { ...first, likely, mayHavePassword: likely }
  })
}
