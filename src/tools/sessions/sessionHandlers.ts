/** The handlers of list_sessions, get_session and get_status, with those that create a session. */
import { Clock, type Duration, Effect, Fiber, Option, Schema } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import type { Instance } from "../../fleet/Instance.ts"
import { type BrokenDirectory, collectingBroken } from "../../opencode/sessions/BrokenDirectories.ts"
import {
  type Activity,
  activitiesHere,
  detailedActivities,
  withElsewhere,
  worthAsking,
} from "../../opencode/sessions/activity.ts"
import { MessageId, SessionId } from "../../opencode/Identifiers.ts"
import type { Message } from "../../opencode/sessions/Message.ts"
import { countingUnreadable, unreadableTotal } from "../../opencode/Unreadable.ts"
import { type MessageCount, MessageCounts } from "../../opencode/sessions/MessageCounts.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import { brokenView } from "./brokenView.ts"
import { creationHandlers } from "./createSession.ts"
import { messageSize, messageView } from "./conversationView.ts"
import { families, type ListOptions } from "./families.ts"
import { instanceStatus } from "./instanceStatus.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"
import { pendingRequestsOf } from "../../opencode/requests/pendingRequests.ts"
import { type AnswerSizeOptions, defaultAnswerChars, fitsAnswer } from "../shared/answerSize.ts"
import { newestWithin } from "../shared/markdown.ts"
import { messagePage } from "./messagePage.ts"
import { unreadableView } from "../shared/unreadable.ts"
import { iso } from "../shared/time.ts"
import { GetSession, SessionTools } from "./SessionTools.ts"
import { sessionView } from "./sessionView.ts"
import { makeSharedSessions } from "./sharedSessions.ts"

const sessionsByDefault = 20
const messagesByDefault = 20

/** Characters of an answer for the session and the sentences about what is not shown. */
const besideMessages = 2500

const olderMessages = "Older messages: get_session with this `before`."

/** A page of messages that was read. */
interface MessagesRead {
  /** Whether no turn was running in the session. */
  readonly isIdle: boolean
  readonly isNewest: boolean
  /** Number of messages. */
  readonly read: number
  /** Whether there are older ones. */
  readonly more: boolean
}

interface ReadOptions {
  readonly session_id: string
  readonly message_limit?: number
  readonly before?: string
  readonly message_id?: string
  readonly offset?: number
}

/** Whether the message ends a turn. Without it, another server of the same user may be running the session's turn. */
const isFinal = (newest: Message | undefined) =>
  newest?.info.role === "assistant" &&
  newest.info.time.completed !== undefined &&
  newest.info.finish !== undefined &&
  newest.info.finish !== "tool-calls"

const asMessageId = Schema.decodeOption(MessageId)
const asSessionId = Schema.decodeOption(SessionId)

/** Why it is unknown what a session is doing; undefined if it is known. */
const unknownAmong = (asked: ReadonlyArray<Session>, broken: ReadonlyArray<BrokenDirectory>) => {
  const known = new Set(asked)
  const refused = new Set(broken.map(({ directory }) => directory))
  return (session: Session) => {
    if (!known.has(session)) return "not asked: opencode would have to load its directory; get_session asks"
    return refused.has(session.directory) ? "opencode cannot work in its directory" : undefined
  }
}

export interface SessionOptions extends AnswerSizeOptions {
  /** How long list_sessions waits for messages to be counted. Default: not at all. */
  readonly countsWithin?: Duration.Input | undefined
}

export const sessionHandlers = Effect.fnUntraced(function* ({
  countsWithin,
  maxAnswerChars = defaultAnswerChars,
}: SessionOptions = {}) {
  const messageBudget = maxAnswerChars - besideMessages
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const counts = yield* MessageCounts
  const sharedSessions = makeSharedSessions(fleet, client)

  const viewOf = (active: ReadonlyMap<SessionId, Activity>, unknown: (session: Session) => string | undefined) =>
    Effect.fnUntraced(function* (session: Session) {
      const detail = unknown(session)
      if (detail !== undefined) {
        return { ...sessionView(yield* Clock.currentTimeMillis, session), status: "unknown" as const, detail }
      }
      const activity = active.get(session.id)
      const count = activity === undefined ? yield* counts.known(session) : undefined
      return sessionView(yield* Clock.currentTimeMillis, session, activity, count)
    })

  /** The number of messages of a session of which a page was read. */
  const countBy = Effect.fnUntraced(function* (
    target: Target,
    session: Session,
    { isIdle, isNewest, read, more }: MessagesRead,
  ) {
    const counted: MessageCount = { count: read, more }
    if (isNewest && !more) {
      if (isIdle) yield* counts.remember(session, counted)
      return counted
    }
    const known = isIdle ? yield* counts.known(session) : undefined
    if (known !== undefined) return known
    if (isIdle) yield* Effect.asVoid(counts.countLater(target, [session]))
    return isNewest ? counted : undefined
  })

  const list = Effect.fnUntraced(function* (
    target: Target,
    { directory: home }: Instance,
    { directory = "", limit = sessionsByDefault, offset = 0, search = "" }: ListOptions,
  ) {
    const opencode = client.at(target)
    const { result: sessions, unreadable } = yield* countingUnreadable(opencode.sessions)
    const { elsewhere, own } = yield* sharedSessions(target.instance, sessions, opencode)
    const { counts: counted, shown, subagents } = families(own, { directory, limit, offset, search })
    const now = yield* Clock.currentTimeMillis
    // All directories of the shown sessions, except those that opencode would have to load only to say that they are idle.
    const asked = worthAsking(opencode, shown, { home, limit: shown.length, now })
    const { broken, result: active } = yield* collectingBroken(detailedActivities(opencode, asked))
    const unknown = unknownAmong(asked, broken)
    const counting = yield* counts.countLater(
      target,
      shown.filter((session) => !active.has(session.id) && unknown(session) === undefined),
    )
    if (countsWithin !== undefined) yield* Effect.timeoutOption(counting, countsWithin)
    return {
      instance: target.instance,
      as_of: iso(yield* Clock.currentTimeMillis),
      ...counted,
      ...(elsewhere.length === 0 ? {} : { listed_at: elsewhere }),
      ...brokenView(broken),
      ...unreadableView(unreadable, target.version),
      sessions: (yield* Effect.forEach(shown, viewOf(active, unknown))).map((view, index) => {
        const [root] = shown.slice(index, index + 1)
        const count = root === undefined ? undefined : subagents.get(root.id)
        return count === undefined ? view : { ...view, subagent_count: count }
      }),
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
    const resolved = resolveSession(target, opencode, parameters.session_id)
    if (parameters.message_id !== undefined)
      return yield* readOne(target, yield* resolved, parameters.message_id, parameters.offset)
    const { before, message_limit: limit = messagesByDefault } = parameters
    const cursor = before === undefined ? {} : { before }
    const pageOf = (id: SessionId) =>
      opencode.messages(id, { limit, ...cursor }).pipe(
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
    // Most references are whole ids, so the page can be read before the session is known.
    const id = Option.getOrUndefined(asSessionId(parameters.session_id.trim()))
    const early = id === undefined ? undefined : yield* Effect.forkChild(pageOf(id))
    const session = yield* resolved
    const reading = early !== undefined && session.id === id ? Fiber.join(early) : pageOf(session.id)
    const [{ result: page, unreadable }, here] = yield* Effect.all([reading, activitiesHere(opencode, [session])], {
      concurrency: "unbounded",
    })
    const hasEnded = before === undefined && isFinal(page.messages.at(-1))
    const active = hasEnded ? here : yield* withElsewhere(opencode, [session], here)
    const activity = active.get(session.id)
    const views = page.messages.map((message) => messageView(message, messageBudget))
    const fit = newestWithin(views, messageSize, messageBudget)
    const [oldest] = page.messages.slice(-fit)
    const older = fit === views.length || oldest === undefined ? page.older : yield* page.olderThan(oldest)
    const counted = yield* countBy(target, session, {
      isIdle: activity === undefined,
      isNewest: before === undefined,
      read: page.messages.length + unreadableTotal(unreadable),
      more: page.older !== undefined,
    })
    return {
      instance: target.instance,
      as_of: iso(yield* Clock.currentTimeMillis),
      session: sessionView(yield* Clock.currentTimeMillis, session, activity, counted),
      messages: views.slice(views.length - fit),
      ...unreadableView(unreadable, target.version),
      ...(older === undefined ? {} : { before: older, next: olderMessages }),
    }
  })

  return SessionTools.of({
    list_sessions: ({ instance, ...parameters }) => fleet.use(instance, (target, one) => list(target, one, parameters)),
    get_session: ({ instance, ...parameters }) => fleet.use(instance, (target) => read(target, parameters)),
    ...(yield* creationHandlers),
    get_status: ({ instance, offset }) =>
      fleet.use(instance, (target, one) =>
        Effect.flatMap(fleet.snapshot, ({ instances }) => instanceStatus(one, instances, client.at(target), offset)),
      ),
  })
})
