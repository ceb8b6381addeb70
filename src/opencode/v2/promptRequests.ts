/** Sends prompts. */
import { Effect } from "effect"
import type { ClientError } from "../errors.ts"
import type { Call } from "../http/makeCall.ts"
import { understood } from "../http/tolerantArray.ts"
import type { MessageId, SessionId } from "../Identifiers.ts"
import type { Opencode, QueuedPrompt } from "../Opencode.ts"
import { mayHaveArrived } from "../transient.ts"
import type { ReadySession } from "./readySession.ts"
import { rejectedCall } from "./refusals.ts"
import type { Routes } from "./routes.ts"

/** The prompts in a session's inbox, the next one first. */
export const inboxOf =
  ({ api: { session: api } }: Routes, call: Call) =>
  (session: SessionId) =>
    api.inbox({ params: { sessionID: session } }).pipe(
      Effect.flatMap(({ data }) => understood("queued message")(data)),
      Effect.map((items) =>
        items
          .filter(({ payload, type }) => type === "user" && rejectedCall(payload?.metadata) === undefined)
          .map(({ id, payload }): QueuedPrompt => ({ id, text: payload?.text ?? "" })),
      ),
      call("inbox", { session }),
    )

export const promptRequests = (routes: Routes, call: Call, { prepare, ready }: ReadySession) => {
  const { session: api } = routes.api

  const isDelivered = (session: SessionId, id: MessageId) =>
    api.message({ params: { sessionID: session, messageID: id } }).pipe(
      call("message", { session }),
      Effect.as(true),
      Effect.catchTag("SessionNotFound", () => Effect.succeed(false)),
    )

  return {
    prepare,
    prompt: Effect.fnUntraced(function* (
      session,
      { delivery = "queue", isPrepared = false, mayBeStored = false, messageID, text, ...choice },
    ): Effect.fn.Return<void, ClientError> {
      // Much may have happened since an earlier attempt.
      yield* ready(session, { ...choice, isPrepared: isPrepared && !mayBeStored })
      const post = api
        .prompt({ params: { sessionID: session }, payload: { id: messageID, text, delivery } })
        .pipe(Effect.asVoid, call("prompt", { session }))
      // The id makes repeated prompts one prompt, and starts one that is parked in the inbox. A repetition after the delivery
      // would run an empty turn.
      const postAgain = Effect.flatMap(isDelivered(session, messageID), (delivered) => (delivered ? Effect.void : post))
      yield* mayBeStored
        ? postAgain
        : post.pipe(Effect.catchIf(mayHaveArrived, (error) => Effect.mapError(postAgain, () => error)))
    }),

    queuedPrompts: inboxOf(routes, call),

    withdrawPrompt: (session, inboxID) =>
      api.cancelPrompt({ params: { sessionID: session, inboxID } }).pipe(call("cancel prompt", { session })),
  } satisfies Partial<Opencode>
}
