/** IP addresses as text, and URLs made from them. */
import { isLoopback } from "../text/loopback.ts"

export const isIPv6 = (address: string) => address.includes(":")

/** The host part of a URL: an IPv6 address in brackets and in its short form. */
export const hostOf = (address: string): string => (isIPv6(address) ? new URL(`http://[${address}]`).hostname : address)

export const urlOf = (address: string, port: number): string => `http://${hostOf(address)}:${port}`

/** The port of a URL, also if it is the usual one of `http` or `https`. */
export const portIn = ({ port, protocol }: URL): number => Number(port) || (protocol === "https:" ? 443 : 80)

/** The host of a URL, an IPv6 address without its brackets. */
export const addressIn = ({ hostname }: URL): string => hostname.replaceAll(/^\[|\]$/gu, "")

/**
 * The addresses of this machine at which a server may answer that listens on `host`, the first choice first. Undefined if it
 * is not one of this machine only.
 */
export const loopbackOf = (host: string): readonly [string, ...Array<string>] | undefined =>
  ["localhost", "0.0.0.0", "::"].includes(host) ? ["127.0.0.1", "::1"] : isLoopback(host) ? [host] : undefined

/** A link-local address needs an interface, which a URL cannot name. */
export const isLinkLocal = (address: string) => /^fe[89ab]/iu.test(address)

const mapped = /^0:0:0:0:0:ffff:([\da-f]{1,4}):([\da-f]{1,4})$/iu

/** Eight 16-bit groups as an IPv6 address in short form, or as IPv4 if they hold a mapped IPv4 address. */
export const fromGroups = (groups: ReadonlyArray<number>): string => {
  const address = groups.map((group) => group.toString(16)).join(":")
  if (!mapped.test(address)) return hostOf(address).slice(1, -1)
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join(".")
}
