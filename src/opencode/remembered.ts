/**
 * Keeps the clients of targets. To make one takes longer than to use it: it has all operations, and most of them are never
 * used. This saves a quarter of a refresh.
 */
import { Equal } from "effect"
import type { Opencode } from "./Opencode.ts"
import type { Target } from "./Target.ts"

/** Clients of two thousand instances, of which a probe knows no version. One has about 10 KB. */
const capacity = 4096

/** The same client for equal targets. The oldest are dropped first. */
export const remembered = (make: (target: Target) => Opencode): ((target: Target) => Opencode) => {
  const made = new Map<string, { readonly target: Target; readonly opencode: Opencode }>()
  return (target) => {
    const key = `${target.url} ${target.version ?? ""}`
    const known = made.get(key)
    if (known !== undefined && Equal.equals(known.target, target)) return known.opencode
    const opencode = make(target)
    made.delete(key)
    made.set(key, { target, opencode })
    const [oldest] = made.keys()
    if (made.size > capacity && oldest !== undefined) made.delete(oldest)
    return opencode
  }
}
