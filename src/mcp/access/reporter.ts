/** Logs what keeps tokens from being checked once, and not again at each request, until it is over or another reason. */
import { Effect, Ref } from "effect"

export const makeReporter = Effect.map(Ref.make<string | undefined>(undefined), (reported) => ({
  failed: (message: string) =>
    Effect.flatMap(Ref.getAndSet(reported, message), (before) =>
      before === message ? Effect.void : Effect.logError(message),
    ),
  works: Ref.set(reported, undefined),
}))
