/** Logs why tokens cannot be checked: once, and again only after they could be, or when the reason changes. */
import { Effect, Ref } from "effect"

export const makeReporter = Effect.map(Ref.make<string | undefined>(undefined), (reported) => ({
  failed: (message: string) =>
    Effect.flatMap(Ref.getAndSet(reported, message), (before) =>
      before === message ? Effect.void : Effect.logError(message),
    ),
  works: Ref.set(reported, undefined),
}))
