/** Arguments as models send them. */
import { Effect, Predicate, Record } from "effect"

/**
 * Many models send null for a parameter that they leave out. If the arguments cannot be decoded as sent, their nulls are
 * left out; a tool that accepts null receives it.
 */
export const omitNulls = <R>(args: unknown, decode: (args: unknown) => Effect.Effect<unknown, unknown, R>) =>
  Predicate.isObject(args) && Object.values(args).includes(null)
    ? Effect.match(decode(args), {
        onSuccess: () => args,
        onFailure: (): unknown => Record.filter(args, Predicate.isNotNull),
      })
    : Effect.succeed(args)
