/**
 * Requests of one session that have the same id. A client sends a request again when its connection breaks, and the SDK answers
 * only the one that it is given last. A server that was busy meanwhile reads both at once, and may come to the older one last.
 */
import type { RequestId } from "@modelcontextprotocol/server"
import { Effect, type Scope } from "effect"

/** By then it is noticed that a connection is broken, which interrupts its request. */
const noticedWithin = "50 millis"

interface SameIdsOptions {
  /** Whether a call with this id is running, also without a request. */
  readonly isRunning: (id: RequestId) => boolean
}

/** An effect that each request begins with: if there is another one with its id, it waits until a broken connection is noticed. */
export const makeSameIds = ({ isRunning }: SameIdsOptions) => {
  /** The number of open requests. */
  const open = new Map<RequestId, number>()
  const leave = (id: RequestId): void => {
    const others = (open.get(id) ?? 1) - 1
    if (others === 0) open.delete(id)
    else open.set(id, others)
  }
  return (id: RequestId): Effect.Effect<void, never, Scope.Scope> => {
    const enter = Effect.sync(() => {
      const others = open.get(id) ?? 0
      open.set(id, others + 1)
      return others > 0 || isRunning(id)
    })
    return Effect.acquireRelease(enter, () => Effect.sync(() => leave(id))).pipe(
      Effect.flatMap((isSame) => (isSame ? Effect.sleep(noticedWithin) : Effect.void)),
    )
  }
}
