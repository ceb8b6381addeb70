/** Work at instances that is called for more often than it may be possible to do. */
import { Deferred, Effect, Scope, Semaphore } from "effect"
import type { Instance } from "../Instance.ts"

interface Run {
  begun: boolean
  readonly over: Deferred.Deferred<void>
}

/**
 * Calls for a run of `work` that begins from now on; what it gives completes when that is over. The runs are in the scope
 * that this was made in, so they go on when those who called for them do not. Calls with the same object share a run.
 * A call while a run waits joins it, so each URL has one that is under way and one that waits at the most, however slow
 * they are; `atOnce` of all URLs are under way.
 */
export const coalesced = Effect.fnUntraced(function* (
  atOnce: number,
  work: (instance: Instance) => Effect.Effect<void>,
) {
  const scope = yield* Scope.Scope
  const places = yield* Semaphore.make(atOnce)
  /** By URL, until it is over. */
  const last = new Map<string, Run>()
  const runs = new WeakMap<Instance, Run>()

  const begin = (instance: Instance, before: Run | undefined) => {
    const run: Run = { begun: false, over: Deferred.makeUnsafe() }
    last.set(instance.url, run)
    return Effect.suspend(() => {
      run.begun = true
      return work(instance)
    }).pipe(
      places.withPermits(1),
      // Behind the one before without a place: one that hangs has only its own.
      (it) => (before === undefined ? it : Effect.andThen(Deferred.await(before.over), it)),
      Effect.onExit(() =>
        Effect.suspend(() => {
          if (last.get(instance.url) === run) last.delete(instance.url)
          return Deferred.succeed(run.over, undefined)
        }),
      ),
      Effect.interruptible,
      Effect.forkIn(scope),
      Effect.as(run),
    )
  }

  return (instance: Instance): Effect.Effect<Deferred.Deferred<void>> =>
    Effect.suspend(() => {
      const before = last.get(instance.url)
      const known = runs.get(instance) ?? (before?.begun === false ? before : undefined)
      return known === undefined ? begin(instance, before) : Effect.succeed(known)
    }).pipe(
      Effect.tap((run) => Effect.sync(() => runs.set(instance, run))),
      Effect.map(({ over }) => over),
      Effect.uninterruptible,
    )
})
