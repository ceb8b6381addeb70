import { Effect } from "effect"

/** The duration of the work in milliseconds. */
export const timed = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    const from = performance.now()
    return Effect.map(work, () => performance.now() - from)
  })
