/** A cache of plain values, for what many calls ask about. */
import { Cache, Clock, Duration, Effect, MutableHashMap, Option } from "effect"

interface Cached<A> {
  readonly value: A
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/**
 * Caches the successful results of `lookup`, at most `capacity` of them, oldest dropped first. Keys are compared by their
 * fields. Lookups of the same key at the same time are one.
 *
 * Not Effect's `Cache` alone: each of its entries keeps the fiber of its lookup, and with it the whole context of the call
 * that asked first, which is about 20 KB.
 */
export const makeValueCache = <Key, A, E>(
  lookup: (key: Key) => Effect.Effect<A, E>,
  { capacity, timeToLive }: { readonly capacity: number; readonly timeToLive: Duration.Input },
): Effect.Effect<(key: Key) => Effect.Effect<A, E>> =>
  Effect.gen(function* () {
    const cached = MutableHashMap.empty<Key, Cached<A>>()
    const store = Effect.fnUntraced(function* (key: Key, value: A) {
      const expiresAt = (yield* Clock.currentTimeMillis) + Duration.toMillis(timeToLive)
      // A new entry is the newest.
      MutableHashMap.remove(cached, key)
      MutableHashMap.set(cached, key, { value, expiresAt })
      for (const [oldest] of cached) {
        if (MutableHashMap.size(cached) <= capacity) break
        MutableHashMap.remove(cached, oldest)
      }
    })
    /** Holds only the lookups that are running. */
    const running = yield* Cache.makeWith((key: Key) => Effect.tap(lookup(key), (value) => store(key, value)), {
      capacity: Number.POSITIVE_INFINITY,
      timeToLive: () => "0 millis",
    })
    return Effect.fnUntraced(function* (key: Key) {
      const found = Option.getOrUndefined(MutableHashMap.get(cached, key))
      if (found !== undefined && (yield* Clock.currentTimeMillis) < found.expiresAt) return found.value
      return yield* Cache.get(running, key)
    })
  })
