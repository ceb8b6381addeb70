/** The handlers of list_sessions, get_session, create_session and get_status. */
import { Clock, Effect, Option, Schema } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { makeUseAndTell } from "../shared/useAndTell.ts"
import { type Activity, detailedActivities } from "../../opencode/sessions/activity.ts"
import { MessageId, type SessionId } from "../../opencode/Identifiers.ts"
import { countingUnreadable } from "../../opencode/Unreadable.ts"
import { MessageCounts } from "../../opencode/sessions/MessageCounts.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import { plainText } from "../../text/plainText.ts"
import { messageSize, messageView } from "./conversationView.ts"
import { instanceStatus } from "./instanceStatus.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"
import { pendingRequestsOf } from "../../opencode/requests/pendingRequests.ts"
import { type AnswerSizeOptions, defaultAnswerChars, fitsAnswer } from "../shared/answerSize.ts"
import { newestWithin } from "../shared/markdown.ts"
import { messagePage } from "./messagePage.ts"
import { iso } from "../shared/time.ts"
import { pageOf } from "../shared/page.ts"
import { GetSession, SessionTools } from "./SessionTools.ts"
import { isWithin, sessionDirectory } from "./sessionDirectory.ts"
import { sessionView } from "./sessionView.ts"
import { makeSharedSessions } from "./sharedSessions.ts"

const sessionsByDefault = 20
const messagesByDefault = 20

/** Number of sessions whose messages are counted concurrently. A count may read a page of messages. */
const countConcurrency = 8

/** Maximum number of subagent sessions shown per session, the most recently updated ones. */
const maxSubagents = 10

/** Characters of an answer for the session and the sentences about what is not shown. */
const besideMessages = 2500

const olderMessages = "Older messages: get_session with this `before`."

interface ReadOptions {
  readonly session_id: string
  readonly message_limit?: number
  readonly before?: string
  readonly message_id?: string
  readonly offset?: number
}

const asMessageId = Schema.decodeOption(MessageId)

interface ListOptions {
  readonly search?: string
  readonly directory?: string
  readonly limit?: number
  readonly offset?: number
}

/** The items up to the one that would be root number `limit` + 1. */
const upTo = (limit: number, sessions: ReadonlyArray<Session>, isRoot: (session: Session) => boolean) => {
  let roots = 0
  const end = sessions.findIndex((session) => isRoot(session) && ++roots > limit)
  return end === -1 ? sessions : sessions.slice(0, end)
}

/**
 * Groups sessions into families: a root session, followed by the sessions of its subagents. Of several families, each lists
 * its newest subagents only.
 */
const families = (sessions: ReadonlyArray<Session>, { directory, limit, offset, search }: Required<ListOptions>) => {
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
  const most = roots.length === 1 ? Infinity : maxSubagents
  const listed = roots.flatMap((members) => members.slice(0, 1 + most))
  const firsts = new Set(roots.map(([root]) => root))
  const shown = upTo(limit, listed.slice(offset), (session) => firsts.has(session))
  return {
    counts: {
      session_count: all.filter((members) => members.length > 0).length,
      matching_count: roots.length,
      ...pageOf("list_sessions", "session", { offset, shown: shown.length, total: listed.length }),
    },
    shown,
    /** The number of subagents of the roots that do not list all of theirs. */
    subagents: new Map(
      roots.flatMap(([root, ...others]) =>
        root !== undefined && others.length > most ? [[root.id, others.length]] : [],
      ),
    ),
  }
}

export const sessionHandlers = Effect.fnUntraced(function* ({
  maxAnswerChars = defaultAnswerChars,
}: AnswerSizeOptions = {}) {
  const messageBudget = maxAnswerChars - besideMessages
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
    { directory = "", limit = sessionsByDefault, offset = 0, search = "" }: ListOptions,
  ) {
    const opencode = client.at(target)
    const { result: sessions, unreadable } = yield* countingUnreadable(opencode.sessions)
    const { elsewhere, own } = yield* sharedSessions(
      target.instance,
      sessions,
      Effect.orElseSucceed(opencode.statuses(""), () => new Map()),
    )
    const { counts: counted, shown, subagents } = families(own, { directory, limit, offset, search })
    const active = yield* detailedActivities(opencode, shown)
    return {
      instance: target.instance,
      as_of: iso(yield* Clock.currentTimeMillis),
      ...counted,
      ...(elsewhere.length === 0 ? {} : { listed_at: elsewhere }),
      ...(unreadable === 0 ? {} : { unreadable_count: unreadable }),
      sessions: (yield* Effect.forEach(shown, viewOf(target, active), { concurrency: countConcurrency })).map(
        (view, index) => {
          const [root] = shown.slice(index, index + 1)
          const count = root === undefined ? undefined : subagents.get(root.id)
          return count === undefined ? view : { ...view, subagent_count: count }
        },
      ),
    }
  })

  /** One message in full, with the requests that its tool calls wait for. */
  const readOne = Effect.fnUntraced(function* (target: Target, session: Session, value: string, offset = 0) {
    const opencode = client.at(target)
    const unknown = new InvalidParameter({ parameter: "message_id", value, detail: "the session has no such message" })
    const id = yield* Option.match(asMessageId(value.trim()), { onNone: () => unknown, onSome: Effect.succeed })
    const message = yield* Effect.catchTag(opencode.message(session.id, id), "SessionNotFound", () => unknown)
    const pending = yield* Effect.orElseSucceed(pendingRequestsOf(opencode, session), () => [])
    const answer = {
      instance: target.instance,
      as_of: iso(yield* Clock.currentTimeMillis),
      session: sessionView(yield* Clock.currentTimeMillis, session),
    }
    const own = pending.filter(({ request }) => request.tool?.messageID === id && request.sessionID === session.id)
    return messagePage(answer, message, own, offset, fitsAnswer(GetSession, maxAnswerChars))
  })

  const read = Effect.fnUntraced(function* (target: Target, parameters: ReadOptions) {
    const opencode = client.at(target)
    const session = yield* resolveSession(target.instance, opencode, parameters.session_id)
    if (parameters.message_id !== undefined)
      return yield* readOne(target, session, parameters.message_id, parameters.offset)
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
    const views = page.messages.map((message) => messageView(message, messageBudget))
    const fit = newestWithin(views, messageSize, messageBudget)
    // If not all messages fit, the cursor of the older ones must be read from opencode.
    const older =
      fit === views.length ? page.older : (yield* opencode.messages(session.id, { limit: fit, ...cursor })).older
    return {
      instance: target.instance,
      as_of: iso(yield* Clock.currentTimeMillis),
      session: yield* viewOf(target, yield* detailedActivities(opencode, [session]))(session),
      messages: views.slice(views.length - fit),
      ...(unreadable === 0 ? {} : { unreadable_count: unreadable }),
      ...(older === undefined ? {} : { before: older, next: olderMessages }),
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
    get_status: ({ instance, offset }) =>
      fleet.use(instance, (target, { health }) =>
        instanceStatus(target.instance, health.state, client.at(target), offset),
      ),
  })
})
