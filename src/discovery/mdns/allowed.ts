/** Decides which mDNS services are trusted with the password: those that match a pattern of `MDNS_ALLOW`. */
import type { Service } from "./Services.ts"

/** Names are compared ignoring case and the final dot of a fully qualified name. */
const normalized = (name: string): string => name.toLowerCase().replace(/\.$/u, "")

/** `*` matches any text. Not a regular expression, because many stars would make it backtrack exponentially. */
const matches = (pattern: string, text: string): boolean => {
  const [first = "", ...others] = pattern.split("*")
  const last = others.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  const end = text.length - last.length
  let position = first.length
  for (const part of others) {
    const index = text.indexOf(part, position)
    if (index < 0) return false
    position = index + part.length
  }
  return position <= end
}

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
      matches(normalized(pattern), normalized(name)),
    ),
  )
