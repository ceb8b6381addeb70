/** Counts the items of opencode's answers that cannot be understood, so that a surface can say that they are missing. */
import { Context, Effect } from "effect"

/** Requests read it from their fiber. */
export const UnreadableItems = Context.Reference<{ count: number } | undefined>(
  "opencode-fleet/opencode/UnreadableItems",
  { defaultValue: () => undefined },
)

/** Runs requests, and returns how many sessions, messages and pending requests were left out of their answers. */
export const countingUnreadable = <A, E, R>(
  requests: Effect.Effect<A, E, R>,
): Effect.Effect<{ readonly result: A; readonly unreadable: number }, E, R> =>
  Effect.suspend(() => {
    const items = { count: 0 }
    return Effect.map(Effect.provideService(requests, UnreadableItems, items), (result) => ({
      result,
      unreadable: items.count,
    }))
  })
