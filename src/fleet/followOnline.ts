/** Follows the online instances of a fleet. */
import { Effect, FiberMap, Stream } from "effect"
import { type Instance, isOnline } from "./Instance.ts"
import type { Snapshot } from "./Snapshot.ts"

/**
 * Runs `follow` for each instance as long as it is online, by its URL, until this is interrupted. One that has ended is started
 * again after the next refresh.
 */
export const followOnline = Effect.fnUntraced(function* <E, R>(
  changes: Stream.Stream<Pick<Snapshot, "instances">, E>,
  follow: (instance: Instance) => Effect.Effect<unknown, unknown, R>,
) {
  const followers = yield* FiberMap.make<string, unknown, unknown>()
  yield* Stream.runForEach(changes, ({ instances }) =>
    Effect.gen(function* () {
      const online = new Map(instances.filter(isOnline).map((one) => [one.url, one]))
      const gone = Array.from(followers, ([url]) => url).filter((url) => !online.has(url))
      yield* Effect.forEach(gone, (url) => FiberMap.remove(followers, url), { discard: true })
      for (const [url, one] of online) yield* FiberMap.run(followers, url, follow(one), { onlyIfMissing: true })
    }),
  )
}, Effect.scoped)
