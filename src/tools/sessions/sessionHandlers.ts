/** The handlers of list_sessions, get_session, create_session and get_status. */
import { Clock, Effect, Option } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { makeUseAndTell } from "../shared/useAndTell.ts"
import { type Activity, detailedActivities } from "../../opencode/sessions/activity.ts"
import type { SessionId } from "../../opencode/Identifiers.ts"
import { countingUnreadable } from "../../opencode/Unreadable.ts"
import { MessageCounts } from "../../opencode/sessions/MessageCounts.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import { plainText } from "../../text/plainText.ts"
import { messageView } from "./conversationView.ts"
import { instanceStatus } from "./instanceStatus.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"
import { renderMessage } from "./renderConversation.ts"
import { answerBudget, newestWithin } from "../shared/markdown.ts"
import { iso } from "../shared/time.ts"
import { SessionTools } from "./SessionTools.ts"
import { isWithin, sessionDirectory } from "./sessionDirectory.ts"
import { sessionView } from "./sessionView.ts"
import { makeSharedSessions } from "./sharedSessions.ts"

const sessionsByDefault = 20
const messagesByDefault = 20

/** Number of sessions whose messages are counted concurrently. A count may read a page of messages. */
const countConcurrency = 8

/** Maximum number of subagent sessions shown per session, the most recently updated ones. */
const maxSubagents = 10

/** Characters of an answer that are available for messages. */
const messageBudget = answerBudget - 2000

interface ListOptions {
  readonly search?: string
  readonly directory?: string
  readonly limit?: number
}

/** Groups sessions into families: a root session, followed by the sessions of its subagents. */
const families = (sessions: ReadonlyArray<Session>, { directory, limit, search }: Required<ListOptions>) => {
  const known = new Set(sessions.map(({ id }) => id))
  const folded = search.trim().toLowerCase()
  const matches = ({ directory: own, id, title }: Session) =>
    (title.toLowerCase().includes(folded) || id.toLowerCase().includes(folded)) && isWithin(own, directory)
  const children = Map.groupBy(
    sessions.filter(({ parentID }) => parentID !== undefined && known.has(parentID)),
    ({ parentID }) => parentID,
  )
  const assigned = new Set<Session>()
  const family = (session: Session): ReadonlyArray<Session> => {
    if (assigned.has(session)) return []
    assigned.add(session)
    return [session, ...(children.get(session.id) ?? []).flatMap(family)]
  }
  const isRoot = ({ parentID }: Session) => parentID === undefined || !known.has(parentID)
  // Sessions whose parents form a cycle are below no root. The first of them becomes a root.
  const all = [...sessions.filter(isRoot), ...sessions].map(family)
  const roots = all.filter((members) => members.some(matches))
  return {
    session_count: all.filter((members) => members.length > 0).length,
    matching_count: roots.length,
    shown: roots.slice(0, limit).flatMap((members) => members.slice(0, 1 + maxSubagents)),
  }
}

export const sessionHandlers = Effect.gen(function* () {
  const fleet = yield* Fleet
  const useAndTell = yield* makeUseAndTell
  const client = yield* OpencodeClient
  const counts = yield* MessageCounts
  const sharedSessions = makeSharedSessions(fleet, client)

  const viewOf = (target: Target, active: ReadonlyMap<SessionId, Activity>) =>
    Effect.fnUntraced(function* (session: Session) {
      const activity = active.get(session.id)
      // A failed count must not fail the list.
      const count = yield* Effect.option(counts.count(target, session, activity !== undefined))
      return sessionView(yield* Clock.currentTimeMillis, session, activity, Option.getOrUndefined(count))
    })

  const list = Effect.fnUntraced(function* (
    target: Target,
    { directory = "", limit = sessionsByDefault, search = "" }: ListOptions,
  ) {
    const opencode = client.at(target)
    const { result: sessions, unreadable } = yield* countingUnreadable(opencode.sessions)
    const { elsewhere, own } = yield* sharedSessions(
      target.instance,
      sessions,
      Effect.orElseSucceed(opencode.statuses(""), () => new Map()),
    )
    const { shown, ...counted } = families(own, { directory, limit, search })
    const active = yield* detailedActivities(opencode, shown)
    return {
      instance: target.instance,
      as_of: iso(yield* Clock.currentTimeMillis),
      ...counted,
      ...(elsewhere.length === 0 ? {} : { listed_at: elsewhere }),
      ...(unreadable === 0 ? {} : { unreadable_count: unreadable }),
      sessions: yield* Effect.forEach(shown, viewOf(target, active), { concurrency: countConcurrency }),
    }
  })

  const read = Effect.fnUntraced(function* (
    target: Target,
    parameters: { readonly session_id: string; readonly message_limit?: number; readonly before?: string },
  ) {
    const opencode = client.at(target)
    const session = yield* resolveSession(target.instance, opencode, parameters.session_id)
    const { before, message_limit: limit = messagesByDefault } = parameters
    const cursor = before === undefined ? {} : { before }
    const { result: page, unreadable } = yield* opencode.messages(session.id, { limit, ...cursor }).pipe(
      countingUnreadable,
      Effect.catchIf(
        (error) => error._tag === "OpencodeError" && error.status === 400 && before !== undefined,
        () =>
          new InvalidParameter({
            parameter: "before",
            value: before ?? "",
            detail: "opencode does not accept it as a position in this session",
          }),
      ),
    )
    const views = page.messages.map(messageView)
    const fit = newestWithin(views, (view) => renderMessage(view).length, messageBudget)
    // If not all messages fit, the cursor of the older ones must be read from opencode.
    const older =
      fit === views.length ? page.older : (yield* opencode.messages(session.id, { limit: fit, ...cursor })).older
    return {
      instance: target.instance,
      as_of: iso(yield* Clock.currentTimeMillis),
      session: yield* viewOf(target, yield* detailedActivities(opencode, [session]))(session),
      messages: views.slice(views.length - fit),
      ...(unreadable === 0 ? {} : { unreadable_count: unreadable }),
      ...(older === undefined ? {} : { before: older }),
    }
  })

  return SessionTools.of({
    list_sessions: ({ instance, ...parameters }) => fleet.use(instance, (target) => list(target, parameters)),
    get_session: ({ instance, ...parameters }) => fleet.use(instance, (target) => read(target, parameters)),
    create_session: ({ directory, instance, title }) =>
      useAndTell(instance, (target, { directory: announced }) =>
        Effect.gen(function* () {
          const opencode = client.at(target)
          const chosen = yield* sessionDirectory(target.instance, opencode, directory, announced)
          const session = yield* opencode.createSession({
            ...(title === undefined ? {} : { title: plainText(title) }),
            ...(chosen === undefined ? {} : { directory: chosen }),
          })
          return { instance: target.instance, session: sessionView(yield* Clock.currentTimeMillis, session) }
        }),
      ),
    get_status: ({ instance }) =>
      fleet.use(instance, (target, { health }) => instanceStatus(target.instance, health.state, client.at(target))),
  })
})
