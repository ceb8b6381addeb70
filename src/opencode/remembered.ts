/**
 * Keeps the clients of targets. To make one takes longer than to use it: it has all operations, and most of them are never
 * used. This saves a quarter of a refresh.
 */
import { Equal } from "effect"
import type { Opencode } from "./Opencode.ts"
import type { Target } from "./Target.ts"

/** Clients of two thousand instances, two for each, because a probe knows no version. One has about 17 KB. */
const capacity = 4096

/**
 * Milliseconds after which an unused client is dropped. A refresh uses those of all instances; an instance that has restarted
 * on another port, or was reached by another tunnel, needs its earlier one no more.
 */
const keptFor = 10 * 60 * 1000

interface Remembered {
  readonly target: Target
  readonly opencode: Opencode
  readonly usedAt: number
}

/** The same client for equal targets. The least recently used are dropped first. `now` in milliseconds. */
export const remembered = (make: (target: Target) => Opencode, now: () => number): ((target: Target) => Opencode) => {
  // The least recently used first.
  const made = new Map<string, Remembered>()
  const dropUnused = (time: number): void => {
    for (const [key, { usedAt }] of made) {
      if (made.size <= capacity && time - usedAt < keptFor) return
      made.delete(key)
    }
  }
  return (target) => {
    const key = `${target.url} ${target.version ?? ""}`
    const known = made.get(key)
    const usedAt = now()
    const opencode = known !== undefined && Equal.equals(known.target, target) ? known.opencode : make(target)
    made.delete(key)
    made.set(key, { target, opencode, usedAt })
    dropUnused(usedAt)
    return opencode
  }
}
