import { Effect } from "effect"

/** The milliseconds that the work takes. */
export const timed = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    const from = performance.now()
    return Effect.map(work, () => performance.now() - from)
  })
