/** IP addresses as text, and the URLs of servers there. */

export const isIPv6 = (address: string) => address.includes(":")

/** As it stands in a URL. An IPv6 address gets its usual short form. */
const hostOf = (address: string): string => (isIPv6(address) ? new URL(`http://[${address}]`).hostname : address)

export const urlOf = (address: string, port: number): string => `http://${hostOf(address)}:${port}`

/** It means nothing without the interface, which no URL can name. */
export const isLinkLocal = (address: string) => /^fe[89ab]/iu.test(address)

const mapped = /^0:0:0:0:0:ffff:([\da-f]{1,4}):([\da-f]{1,4})$/iu

/** Eight groups in short form; an IPv4 address that stands in an IPv6 one as itself. */
export const fromGroups = (groups: ReadonlyArray<number>): string => {
  const address = groups.map((group) => group.toString(16)).join(":")
  if (!mapped.test(address)) return hostOf(address).slice(1, -1)
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join(".")
}
