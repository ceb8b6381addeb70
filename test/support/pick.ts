import { Effect, Random } from "effect"

/** One of a list that is not empty, chosen at random. */
export const pick = <A>(items: ReadonlyArray<A>) => Effect.orDie(Random.choice([...items]))
