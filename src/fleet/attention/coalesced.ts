/** Coalesces per-instance work: at most one run in progress and one queued per instance. */
import { Deferred, Effect, Scope, Semaphore } from "effect"
import type { Instance } from "../Instance.ts"

interface Run {
  started: boolean
  readonly finished: Deferred.Deferred<void>
}

/**
 * A function that requests a run of `work` for an instance; the `Deferred` that it returns completes when that run has
 * finished.
 *
 * The run starts after the call: a call during a run queues the next run, and a call while a run is queued joins it. Calls
 * with the same object share a run. At most `concurrency` runs of all instances are in progress. Runs belong to the scope in
 * which the function was made, so an interrupted caller does not interrupt them.
 */
export const coalesced = Effect.fnUntraced(function* (
  concurrency: number,
  work: (instance: Instance) => Effect.Effect<void>,
) {
  const scope = yield* Scope.Scope
  const permits = yield* Semaphore.make(concurrency)
  /** The latest unfinished run of each URL. */
  const latest = new Map<string, Run>()
  const runs = new WeakMap<Instance, Run>()

  const start = (instance: Instance, previous: Run | undefined) => {
    const run: Run = { started: false, finished: Deferred.makeUnsafe() }
    latest.set(instance.url, run)
    return Effect.suspend(() => {
      run.started = true
      return work(instance)
    }).pipe(
      permits.withPermits(1),
      // Without a permit, so that an instance that hangs occupies only one.
      (it) => (previous === undefined ? it : Effect.andThen(Deferred.await(previous.finished), it)),
      Effect.onExit(() =>
        Effect.suspend(() => {
          if (latest.get(instance.url) === run) latest.delete(instance.url)
          return Deferred.succeed(run.finished, undefined)
        }),
      ),
      Effect.interruptible,
      Effect.forkIn(scope),
      Effect.as(run),
    )
  }

  return (instance: Instance): Effect.Effect<Deferred.Deferred<void>> =>
    Effect.suspend(() => {
      const previous = latest.get(instance.url)
      const known = runs.get(instance) ?? (previous?.started === false ? previous : undefined)
      return known === undefined ? start(instance, previous) : Effect.succeed(known)
    }).pipe(
      Effect.tap((run) => Effect.sync(() => runs.set(instance, run))),
      Effect.map(({ finished }) => finished),
      Effect.uninterruptible,
    )
})
