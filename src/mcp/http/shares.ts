/** How many of something each user of the endpoint has at once: calls that wait, subscriptions, attempts to log in. */
export interface Shares {
  /** The most that one may have. */
  readonly limit: number
  /** Takes one. False if this user has the most already. */
  readonly take: (user: string) => boolean
  readonly release: (user: string) => void
}

export const makeShares = (limit: number): Shares => {
  const taken = new Map<string, number>()
  return {
    limit,
    take: (user) => {
      const count = taken.get(user) ?? 0
      if (count >= limit) return false
      taken.set(user, count + 1)
      return true
    },
    release: (user) => {
      const count = taken.get(user) ?? 0
      if (count > 1) taken.set(user, count - 1)
      else taken.delete(user)
    },
  }
}
