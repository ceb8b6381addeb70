/** list_sessions, get_session and create_session. */
import { Clock, Effect, Option } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { activities, type Activity } from "../../opencode/sessions/activity.ts"
import type { SessionId } from "../../opencode/Identifiers.ts"
import { MessageCounts } from "../../opencode/sessions/MessageCounts.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import { plainText } from "../../text/plainText.ts"
import { messageView } from "./conversationView.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"
import { renderMessage } from "./renderConversation.ts"
import { answerBudget, newestWithin } from "../shared/markdown.ts"
import { SessionTools } from "./SessionTools.ts"
import { sessionView } from "./sessionView.ts"

const sessionsByDefault = 20
const messagesByDefault = 20

/** A count may have to read a page of messages. */
const countingAtOnce = 8

/** A session with many subagents shows the ones updated last. */
const mostSubagents = 10

/** What is left of an answer for messages, when its head is written. */
const messageBudget = answerBudget - 2000

/** The sessions that begin a line of their own, each with those of its subagents behind it. */
const families = (sessions: ReadonlyArray<Session>, search: string, limit: number) => {
  const known = new Set(sessions.map(({ id }) => id))
  const folded = search.trim().toLowerCase()
  const matches = ({ id, title }: Session) => title.toLowerCase().includes(folded) || id.toLowerCase().includes(folded)
  const children = Map.groupBy(
    sessions.filter(({ parentID }) => parentID !== undefined && known.has(parentID)),
    ({ parentID }) => parentID,
  )
  const placed = new Set<Session>()
  const family = (session: Session): ReadonlyArray<Session> => {
    if (placed.has(session)) return []
    placed.add(session)
    return [session, ...(children.get(session.id) ?? []).flatMap(family)]
  }
  const isRoot = ({ parentID }: Session) => parentID === undefined || !known.has(parentID)
  // Sessions whose parents go round in a circle are below none of the roots: the first of them stands for one.
  const all = [...sessions.filter(isRoot), ...sessions].map(family)
  const roots = all.filter((members) => members.some(matches))
  return {
    total: all.filter((members) => members.length > 0).length,
    matching: roots.length,
    shown: roots.slice(0, limit).flatMap((members) => members.slice(0, 1 + mostSubagents)),
  }
}

export const sessionHandlers = Effect.gen(function* () {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const counts = yield* MessageCounts

  const viewOf = (target: Target, active: ReadonlyMap<SessionId, Activity>) =>
    Effect.fnUntraced(function* (session: Session) {
      const activity = active.get(session.id)
      // A count that cannot be had costs the count, not the list.
      const count = yield* Effect.option(counts.count(target, session, activity !== undefined))
      return sessionView(yield* Clock.currentTimeMillis, session, activity, Option.getOrUndefined(count))
    })

  const list = Effect.fnUntraced(function* (
    target: Target,
    { limit = sessionsByDefault, search = "" }: { readonly search?: string; readonly limit?: number },
  ) {
    const opencode = client.at(target)
    const { shown, ...counted } = families(yield* opencode.sessions, search, limit)
    const active = yield* activities(opencode, shown)
    return {
      instance: target.instance,
      ...counted,
      sessions: yield* Effect.forEach(shown, viewOf(target, active), { concurrency: countingAtOnce }),
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
    const page = yield* opencode.messages(session.id, { limit, ...cursor }).pipe(
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
    // Only opencode can say where the messages before those begin that are shown.
    const older =
      fit === views.length ? page.older : (yield* opencode.messages(session.id, { limit: fit, ...cursor })).older
    return {
      instance: target.instance,
      session: yield* viewOf(target, yield* activities(opencode, [session]))(session),
      messages: views.slice(views.length - fit),
      ...(older === undefined ? {} : { before: older }),
    }
  })

  return SessionTools.of({
    list_sessions: ({ instance, ...parameters }) => fleet.use(instance, (target) => list(target, parameters)),
    get_session: ({ instance, ...parameters }) => fleet.use(instance, (target) => read(target, parameters)),
    create_session: ({ instance, title }) =>
      fleet.use(instance, (target) =>
        Effect.gen(function* () {
          const session = yield* client.at(target).createSession(title === undefined ? {} : { title: plainText(title) })
          return { instance: target.instance, session: sessionView(yield* Clock.currentTimeMillis, session) }
        }),
      ),
  })
})
