/** `SSH_HOSTS`: which hosts its items name. */
import { matchesWildcard } from "../../text/wildcard.ts"

/** An item is a host as `ssh` takes it, or a pattern for `Host` entries; `!` in front of it excludes. */
export const isHostItem = (item: string): boolean => /^!?(?:[^\s@!-][^\s@!]*@)?[^\s@!-][^\s@!]*$/u.test(item)

export const isPattern = (item: string): boolean => /[*?]/u.test(item)

/** The user in front of `@`, with it, and the rest. */
const parts = (item: string): readonly [user: string, host: string] => {
  const at = item.lastIndexOf("@") + 1
  return [item.slice(0, at), item.slice(at)]
}

/** The host without the user, for comparing and for names. */
export const bareHost = (host: string): string => parts(host)[1]

/** The hosts that the items name, without duplicates. `configured` are the names in the ssh configuration. */
export const hostsOf = (items: ReadonlyArray<string>, configured: ReadonlyArray<string>): ReadonlyArray<string> => {
  const excluded = items.filter((item) => item.startsWith("!")).map((item) => item.slice(1))
  const isExcluded = (host: string) =>
    excluded.some((pattern) => matchesWildcard(pattern, host, "?") || matchesWildcard(pattern, bareHost(host), "?"))
  const named = items
    .filter((item) => !item.startsWith("!"))
    .flatMap((item) => {
      if (!isPattern(item)) return [item]
      const [user, pattern] = parts(item)
      return configured.filter((name) => matchesWildcard(pattern, name, "?")).map((name) => `${user}${name}`)
    })
  return [...new Set(named)].filter((host) => !isExcluded(host))
}
