/** The process that listens at a loopback URL, on Linux. */
import { isLoopbackHost } from "../text/loopback.ts"
import { Effect } from "effect"
import { createReadStream } from "node:fs"
import { processesWith } from "./openFiles.ts"

/** A row of `/proc/net/tcp` with another state than that of a listening socket, `0A`. */
const connection = /^ *\d+: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4} (?!0A)/mu

/**
 * The rows of the listening sockets, which the kernel puts first. The connections after them are not read: they can be tens of
 * thousands, for which the kernel needs a third of a second.
 */
const readListeners = async (file: string) => {
  let table = ""
  for await (const part of createReadStream(file, "latin1")) {
    table += String(part)
    if (connection.test(table)) break
  }
  return table
}

/** Captures local address, local port, user and inode of sockets in the state LISTEN (`0A`). */
const listening = /^ *\d+: ([\dA-F]+):([\dA-F]{4}) [\dA-F]+:[\dA-F]{4} 0A \S+ \S+ \S+ +(\d+) +\d+ (\d+) /gmu

/** The listening sockets in the table. `address` is hexadecimal. */
export const listeningRows = (table: string) =>
  Array.from(table.matchAll(listening), ([, address = "", port = "", user, inode = ""]) => ({
    address,
    port: Number.parseInt(port, 16),
    user: Number(user),
    inode,
  }))

/** The inodes of the sockets that listen on the port. */
export const parseListeners = (table: string, port: number): ReadonlyArray<string> =>
  listeningRows(table).flatMap((row) => (row.port === port ? [row.inode] : []))

const socketsIn = (file: string, port: number) =>
  Effect.tryPromise(() => readListeners(file)).pipe(
    Effect.map((table) => parseListeners(table, port).map((inode) => `socket:[${inode}]`)),
    Effect.orElseSucceed(() => []),
  )

/** Undefined if there is none, or if the system does not tell. `likely`: the processes that are looked at first. */
export const listenerAt = Effect.fnUntraced(function* (
  url: string,
  likely: Effect.Effect<ReadonlyArray<number>> = Effect.succeed([]),
): Effect.fn.Return<number | undefined> {
  const { hostname, port } = new URL(url)
  if (!isLoopbackHost(hostname)) return undefined
  const sockets = yield* socketsIn("/proc/net/tcp", Number(port))
  // A socket of IPv4 takes connections to 127.0.0.1 before one of IPv6 that accepts both.
  const isFound = sockets.length > 0 && hostname.startsWith("127.")
  const found = new Set(isFound ? sockets : [...sockets, ...(yield* socketsIn("/proc/net/tcp6", Number(port)))])
  if (found.size === 0) return undefined
  return (yield* processesWith(found, yield* likely))[0] ?? (yield* processesWith(found))[0]
})
