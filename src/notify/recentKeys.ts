/** A bounded set of keys: the oldest is forgotten first. */
export const makeRecentKeys = (limit: number, initial: Iterable<string> = []) => {
  const keys = new Set(initial)
  return {
    has: (key: string): boolean => keys.has(key),
    /** False if it was there. */
    add: (key: string): boolean => {
      if (keys.has(key)) return false
      keys.add(key)
      for (const oldest of keys) {
        if (keys.size <= limit) break
        keys.delete(oldest)
      }
      return true
    },
    /** False if it was not there. */
    remove: (key: string): boolean => keys.delete(key),
    values: (): ReadonlyArray<string> => [...keys],
  }
}
