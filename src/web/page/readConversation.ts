/** Reads the end of a conversation from its instance. */
import { Clock, Effect } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import type { SessionId } from "../../opencode/Identifiers.ts"
import { type Opencode, OpencodeClient } from "../../opencode/Opencode.ts"
import { detailedActivities } from "../../opencode/sessions/activity.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { countingUnreadable } from "../../opencode/Unreadable.ts"
import { findOrigin } from "../../tools/requests/findRequest.ts"
import { unreadableView } from "../../tools/shared/unreadable.ts"
import type { OpenRequest } from "./readWork.ts"

/** The session that asks: a subagent's own, unless it has been deleted. */
const askingSession = (opencode: Opencode, session: Session, id: SessionId) =>
  id === session.id
    ? Effect.succeed(session)
    : Effect.catchTag(opencode.session(id), "SessionNotFound", () => Effect.succeed(session))

/** Fails if the instance cannot be used, or has no such session. */
export const makeReadConversation = Effect.gen(function* () {
  const client = yield* OpencodeClient
  const { use } = yield* Fleet
  return (instance: string, reference: string, limit: number) =>
    use(
      instance,
      Effect.fnUntraced(function* (target) {
        const startedAt = yield* Clock.currentTimeMillis
        const { opencode, session } = yield* findOrigin(client, target, reference)
        const {
          result: [page, active],
          unreadable,
        } = yield* countingUnreadable(
          Effect.all([opencode.messages(session.id, { limit }), detailedActivities(opencode, [session])], {
            concurrency: "unbounded",
          }),
        )
        const activity = active.get(session.id)
        const pending = activity?.pending ?? []
        const asking = new Map(
          yield* Effect.forEach(
            new Set(pending.map(({ request }) => request.sessionID)),
            (id) => Effect.map(askingSession(opencode, session, id), (found) => [id, found] as const),
            { concurrency: 8 },
          ),
        )
        const requests = pending.map((one): OpenRequest => {
          const { sessionID } = one.request
          return {
            instance: target.instance,
            session: asking.get(sessionID) ?? session,
            family: new Set([sessionID, session.id]),
            inFleet: false,
            pending: one,
          }
        })
        return {
          instance: target.instance,
          session,
          status: activity?.status,
          messages: page.messages,
          hasOlder: page.older !== undefined,
          unreadable: unreadableView(unreadable, target.version).unreadable,
          requests,
          startedAt,
          now: yield* Clock.currentTimeMillis,
        }
      }),
    ).pipe(Effect.withSpan("page.readConversation"))
})
