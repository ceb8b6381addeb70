/** Lists of hosts that a person trusts with the password: `MDNS_ALLOW`, `DATABASE_ALLOW`. */
import { matchesWildcard } from "../text/wildcard.ts"

/** Names are compared ignoring case and the final dot of a fully qualified name. */
const normalized = (name: string): string => name.toLowerCase().replace(/\.$/u, "")

/**
 * Whether the pattern means an address, with or without a port. Such a pattern is not compared with names, because anyone can
 * choose a name that looks like another host's address: `192.168.1.example.com`.
 */
const isAddressPattern = (pattern: string): boolean =>
  /^[\d.:*]*\d[\d.:*]*$/u.test(pattern) || /^[\da-f.*]*(?::[\da-f.*]*){2,}$/iu.test(pattern)

/** What is known of a host. */
export interface Host {
  readonly names: ReadonlyArray<string>
  readonly addresses: ReadonlyArray<string>
}

/** Whether a pattern matches one of the names or addresses; `*` stands for any text. */
export const isAllowedHost = ({ addresses, names }: Host, patterns: ReadonlyArray<string>): boolean =>
  patterns.some((pattern) =>
    [...(isAddressPattern(pattern) ? [] : names), ...addresses].some((name) =>
      matchesWildcard(normalized(pattern), normalized(name)),
    ),
  )
