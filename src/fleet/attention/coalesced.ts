/** Coalesces per-instance work: at most one run in progress and one queued per instance. */
import { Array, Deferred, Effect, Queue } from "effect"
import type { Instance } from "../Instance.ts"

interface Run {
  readonly instance: Instance
  started: boolean
  readonly finished: Deferred.Deferred<void>
  /** Is queued when this run has finished, so that an instance that hangs occupies only one worker. */
  next: Run | undefined
}

/**
 * A function that requests a run of `work` for an instance; the `Deferred` that it returns completes when that run has
 * finished, or when the scope closes.
 *
 * The run starts after the call: a call during a run queues the next run, and a call while a run is queued joins it. Calls
 * with the same object share a run. At most `concurrency` runs of all instances are in progress. Runs belong to the scope in
 * which the function was made, so an interrupted caller does not interrupt them.
 *
 * A queue with workers rather than a semaphore, which wakes every waiting run whenever one ends: a tenth of a refresh of a
 * thousand.
 */
export const coalesced = Effect.fnUntraced(function* (
  concurrency: number,
  work: (instance: Instance) => Effect.Effect<void>,
) {
  const queue = yield* Queue.unbounded<Run>()
  /** The latest unfinished run of each URL. */
  const latest = new Map<string, Run>()
  const runs = new WeakMap<Instance, Run>()
  let isClosed = false

  // Runs after the workers have ended: what is still queued never starts.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      isClosed = true
      for (const { finished } of latest.values()) Deferred.doneUnsafe(finished, Effect.void)
    }),
  )

  const perform = (run: Run) =>
    Effect.suspend(() => {
      run.started = true
      return work(run.instance)
    }).pipe(
      Effect.onExit(() => {
        if (run.next !== undefined) Queue.offerUnsafe(queue, run.next)
        else latest.delete(run.instance.url)
        return Deferred.succeed(run.finished, undefined)
      }),
      // A defect ends one run, not its worker.
      Effect.exit,
    )
  const worker = Effect.forever(Effect.flatMap(Queue.take(queue), perform))
  yield* Effect.forEach(Array.range(1, concurrency), () => Effect.forkScoped(worker), { discard: true })

  const start = (instance: Instance, previous: Run | undefined) => {
    const run: Run = { instance, started: false, finished: Deferred.makeUnsafe(), next: undefined }
    if (isClosed) {
      Deferred.doneUnsafe(run.finished, Effect.void)
      return run
    }
    latest.set(instance.url, run)
    if (previous === undefined) Queue.offerUnsafe(queue, run)
    else previous.next = run
    return run
  }

  return (instance: Instance): Effect.Effect<Deferred.Deferred<void>> =>
    Effect.sync(() => {
      const previous = latest.get(instance.url)
      const known = runs.get(instance) ?? (previous?.started === false ? previous : undefined)
      const run = known ?? start(instance, previous)
      runs.set(instance, run)
      return run.finished
    })
})
