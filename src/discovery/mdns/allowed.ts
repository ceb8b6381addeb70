/** Which services found by mDNS may be sent the password: those that `MDNS_ALLOW` names. */
import type { Service } from "./Services.ts"

/** Names are the same in any case, and with or without the dot that ends a whole one. */
const folded = (name: string): string => name.toLowerCase().replace(/\.$/u, "")

/** `*` stands for anything. No regular expression, for one with many stars takes ages over a long name. */
const fits = (pattern: string, text: string): boolean => {
  const [first = "", ...others] = pattern.split("*")
  const last = others.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  const end = text.length - last.length
  let at = first.length
  for (const part of others) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= end
}

/**
 * It can only mean addresses, with or without a port. A host may announce any name, and one of them may look like the
 * address of another host; its address it cannot choose.
 */
const meansAddresses = (pattern: string): boolean => /^[\d.:*]*\d[\d.:*]*$/u.test(pattern)

export const isAllowed = (
  { address, label, port, target }: Pick<Service, "address" | "label" | "port" | "target">,
  patterns: ReadonlyArray<string>,
): boolean =>
  patterns.some((pattern) =>
    [...(meansAddresses(pattern) ? [] : [label, target]), address, `${address}:${port}`].some((name) =>
      fits(folded(pattern), folded(name)),
    ),
  )
