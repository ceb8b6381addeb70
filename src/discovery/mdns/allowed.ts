/** Decides which mDNS services are trusted with the password: those that match a pattern of `MDNS_ALLOW`. */
import { matchesWildcard } from "../../text/wildcard.ts"
import type { Service } from "./Services.ts"

/** Names are compared ignoring case and the final dot of a fully qualified name. */
const normalized = (name: string): string => name.toLowerCase().replace(/\.$/u, "")

/**
 * Whether the pattern means an address, with or without a port. Such a pattern is not compared with names, because a host
 * may announce any name, including another host's address. It cannot choose its own address.
 */
const isAddressPattern = (pattern: string): boolean => /^[\d.:*]*\d[\d.:*]*$/u.test(pattern)

export const isAllowed = (
  { address, label, port, target }: Pick<Service, "address" | "label" | "port" | "target">,
  patterns: ReadonlyArray<string>,
): boolean =>
  patterns.some((pattern) =>
    [...(isAddressPattern(pattern) ? [] : [label, target]), address, `${address}:${port}`].some((name) =>
      matchesWildcard(normalized(pattern), normalized(name)),
    ),
  )
