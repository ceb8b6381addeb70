/** Message ids that a caller chose, so that a repeated call sends nothing. */
import { Effect } from "effect"
import { type ClientError } from "../errors.ts"
import { MessageIdUnusable } from "./sendErrors.ts"
import type { MessageId } from "../Identifiers.ts"
import type { Session } from "../sessions/Session.ts"
import type { SessionAddress } from "./SessionAddress.ts"
import { persistently } from "./storedTurn.ts"

/** The other sessions of opencode 1 in which an id is looked for. */
const maxSessions = 200

/**
 * Whether the session has a prompt with this id. Fails if the id belongs to another message. opencode 1 would append the
 * text to a message with that id in any session, so its other sessions are asked, too.
 */
export const hasPrompt = Effect.fnUntraced(function* (
  { opencode, session }: SessionAddress,
  id: MessageId,
): Effect.fn.Return<boolean, ClientError | MessageIdUnusable> {
  const roleIn = ({ id: sessionID }: Pick<Session, "id">) =>
    persistently(opencode.message(sessionID, id)).pipe(
      Effect.map(({ info }) => info.role),
      Effect.catchTag("SessionNotFound", () => Effect.succeed(undefined)),
    )
  const role = yield* roleIn(session)
  if (role === "assistant") return yield* new MessageIdUnusable({ id, detail: "it is the id of an agent's answer" })
  if (role !== undefined || opencode.capabilities.idempotentPrompts) return role !== undefined
  const others = (yield* opencode.newestSessions(maxSessions)).filter((other) => other.id !== session.id)
  const owners = yield* Effect.filter(others, (other) => Effect.map(roleIn(other), (role) => role !== undefined), {
    concurrency: 8,
  })
  const [owner] = owners
  return owner === undefined
    ? false
    : yield* new MessageIdUnusable({ id, detail: `it belongs to a message of session ${owner.id}` })
})

export interface OwnMessageIds {
  /** Sends a prompt, unless another call sends it or has sent it: then only `confirm` runs. */
  readonly once: <A, E, R>(
    address: SessionAddress,
    id: MessageId,
    send: Effect.Effect<A, E, R>,
    confirm: Effect.Effect<A, E, R>,
  ) => Effect.Effect<{ readonly result: A; readonly repeated: boolean }, E, R>
}

const maxIds = 1000

/** Remembers the ids sent from this process, because opencode 1 stores a prompt some time after it has accepted it. */
export const makeOwnMessageIds = (): OwnMessageIds => {
  const sent = new Set<string>()
  return {
    once: ({ opencode, session, target }, id, send, confirm) =>
      Effect.suspend(() => {
        const key = `${target.url} ${session.id} ${id}`
        const repeated = !opencode.capabilities.idempotentPrompts && sent.has(key)
        if (!repeated) sent.add(key)
        const [oldest] = sent
        if (sent.size > maxIds && oldest !== undefined) sent.delete(oldest)
        return (repeated ? confirm : send).pipe(
          // What is stored then decides whether the next call sends it.
          Effect.tapError(() => Effect.sync(() => void sent.delete(key))),
          Effect.map((result) => ({ result, repeated })),
        )
      }),
  }
}
