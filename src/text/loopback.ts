/** Hosts that are this machine itself, by what a URL or a flag says. */

/** Whether the address, in its short form and without brackets, belongs to this machine only. */
export const isLoopback = (address: string): boolean => address === "::1" || /^127(?:\.\d{1,3}){3}$/u.test(address)

/** The same for the host of a URL, which can be a name, or an IPv6 address in brackets. */
export const isLoopbackHost = (host: string): boolean =>
  host === "localhost" || isLoopback(host.replaceAll(/^\[|\]$/gu, ""))
