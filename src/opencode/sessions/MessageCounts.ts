/**
 * The number of messages in a session. opencode stores no count, so a bounded page is read, and the count is cached until
 * the session is updated.
 */
import { Context, Effect, Layer } from "effect"
import type { ClientError } from "../errors.ts"
import type { SessionId } from "../Identifiers.ts"
import { OpencodeClient } from "../Opencode.ts"
import type { Session } from "./Session.ts"
import type { Target } from "../Target.ts"
import { countingUnreadable, unreadableTotal } from "../Unreadable.ts"
import { makeValueCache } from "../valueCache.ts"

export interface MessageCount {
  readonly count: number
  /** Whether there are more messages than `count`. */
  readonly more: boolean
}

/** Maximum count. Further messages are not counted. */
export const countBound = 100

interface Key {
  readonly target: Target
  readonly id: SessionId
  readonly updated: number
}

export class MessageCounts extends Context.Service<
  MessageCounts,
  {
    /** The count of a running session is not cached, because `time.updated` does not change with each message. */
    readonly count: (target: Target, session: Session, running: boolean) => Effect.Effect<MessageCount, ClientError>
  }
>()("opencode-fleet/opencode/MessageCounts") {
  static readonly layer = Layer.effect(
    MessageCounts,
    Effect.gen(function* () {
      const client = yield* OpencodeClient
      const read = ({ id, target }: Key) =>
        Effect.map(
          countingUnreadable(client.at(target).messages(id, { limit: countBound })),
          ({ result: { messages, older }, unreadable }) => ({
            count: messages.length + unreadableTotal(unreadable),
            more: older !== undefined,
          }),
        )
      const cached = yield* makeValueCache(read, { capacity: 10_000, timeToLive: "1 day" })
      return MessageCounts.of({
        count: (target, { id, time }, running) => {
          const key: Key = { target, id, updated: time.updated }
          return running ? read(key) : cached(key)
        },
      })
    }),
  )
}
