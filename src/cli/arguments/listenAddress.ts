/** Where `serve --http` listens: `HOST:PORT`, a host, or a port. */
import { Option } from "effect"
import { isIPv6 } from "node:net"

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

export const defaultAddress: ListenAddress = { host: "127.0.0.1", port: 4180 }

const maxPort = 65_535

/** It does not begin with `-`: that would be a flag or a negative number. */
export const isHostName = (text: string): boolean => /^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u.test(text)

export const parseAddress = (text: string): Option.Option<ListenAddress> => {
  if (/^\d+$/u.test(text)) return withPort(defaultAddress.host, text)
  if (isIPv6(text)) return Option.some({ ...defaultAddress, host: text })
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/u.exec(text) ?? []
  const host = bracketed !== undefined && isIPv6(bracketed) ? bracketed : plain
  if (host === undefined || (host === plain && !isHostName(host))) return Option.none()
  return port === undefined ? Option.some({ ...defaultAddress, host }) : withPort(host, port)
}

const withPort = (host: string, digits: string) => {
  const port = Number(digits)
  return port <= maxPort ? Option.some({ host, port }) : Option.none()
}
