/** Reads the end of a conversation from its instance. */
import { Clock, Effect } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { detailedActivities } from "../../opencode/sessions/activity.ts"
import { countingUnreadable } from "../../opencode/Unreadable.ts"
import { findOrigin } from "../../tools/requests/findRequest.ts"
import { unreadableView } from "../../tools/shared/unreadable.ts"
import type { OpenRequest } from "./readWork.ts"

/** Fails if the instance cannot be used, or has no such session. */
export const makeReadConversation = Effect.gen(function* () {
  const client = yield* OpencodeClient
  const { use } = yield* Fleet
  return (instance: string, reference: string, limit: number) =>
    use(
      instance,
      Effect.fnUntraced(function* (target) {
        const { opencode, session } = yield* findOrigin(client, target, reference)
        const [{ result: page, unreadable }, active] = yield* Effect.all(
          [countingUnreadable(opencode.messages(session.id, { limit })), detailedActivities(opencode, [session])],
          { concurrency: "unbounded" },
        )
        const activity = active.get(session.id)
        const requests = (activity?.pending ?? []).map((pending): OpenRequest => ({
          instance: target.instance,
          session,
          pending,
        }))
        return {
          instance: target.instance,
          session,
          status: activity?.status,
          messages: page.messages,
          hasOlder: page.older !== undefined,
          unreadable: unreadableView(unreadable, target.version).unreadable,
          requests,
          now: yield* Clock.currentTimeMillis,
        }
      }),
    ).pipe(Effect.withSpan("page.readConversation"))
})
