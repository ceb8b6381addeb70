/** Runs an effect at most once at a time and shares the result among all callers. */
import { Deferred, Effect, Scope } from "effect"

export interface SingleFlight<A, E> {
  /** Joins the run in progress, or starts one. */
  readonly run: Effect.Effect<A, E>
  /** A run that starts after this call, because the run in progress may have missed a recent change. */
  readonly runAfresh: Effect.Effect<A, E>
}

/** Runs belong to the scope of this call, so an interrupted caller does not interrupt them. */
export const singleFlight = Effect.fnUntraced(function* <A, E>(effect: Effect.Effect<A, E>) {
  const scope = yield* Scope.Scope
  let current: Deferred.Deferred<A, E> | undefined

  const start = Effect.suspend(() => {
    const result = Deferred.makeUnsafe<A, E>()
    current = result
    return effect.pipe(
      Effect.onExit((exit) =>
        Effect.suspend(() => {
          current = undefined
          return Deferred.done(result, exit)
        }),
      ),
      Effect.interruptible,
      Effect.forkIn(scope),
      Effect.as(result),
    )
  }).pipe(Effect.uninterruptible)

  const run = Effect.suspend(() => (current === undefined ? start : Effect.succeed(current))).pipe(
    Effect.flatMap(Deferred.await),
  )
  const runAfresh = Effect.suspend(() =>
    current === undefined ? Effect.void : Effect.exit(Deferred.await(current)),
  ).pipe(Effect.andThen(run))
  return { run, runAfresh } satisfies SingleFlight<A, E> as SingleFlight<A, E>
})
