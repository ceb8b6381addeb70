/** The handler of get_session: a page of the conversation, or one message in full. */
import { Clock, Effect, Fiber, Option, Schema } from "effect"
import { MessageId, SessionId } from "../../opencode/Identifiers.ts"
import { type Opencode, OpencodeClient } from "../../opencode/Opencode.ts"
import { pendingRequestsOf } from "../../opencode/requests/pendingRequests.ts"
import { activitiesHere, withElsewhere } from "../../opencode/sessions/activity.ts"
import type { Message } from "../../opencode/sessions/Message.ts"
import { type MessageCount, MessageCounts } from "../../opencode/sessions/MessageCounts.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import { countingUnreadable, unreadableTotal } from "../../opencode/Unreadable.ts"
import { type AnswerSizeOptions, defaultAnswerChars, fitsAnswer } from "../shared/answerSize.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"
import { newestWithin } from "../shared/markdown.ts"
import { iso } from "../shared/time.ts"
import { unreadableView } from "../shared/unreadable.ts"
import { messageSize, messageView } from "./conversationView.ts"
import { messagePage } from "./messagePage.ts"
import { GetSession } from "./SessionTools.ts"
import { sessionView } from "./sessionView.ts"

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

/** Reads a page of a session: the newest messages, or those before a cursor. */
const pageBefore = (opencode: Opencode, limit: number, before: string | undefined) => (id: SessionId) =>
  opencode.messages(id, { limit, ...(before === undefined ? {} : { before }) }).pipe(
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

/** Resolves the reference. Most references are whole ids, so the page is read meanwhile. */
const beginReading = Effect.fnUntraced(function* (
  target: Target,
  opencode: Opencode,
  reference: string,
  pageOf: ReturnType<typeof pageBefore>,
) {
  const id = Option.getOrUndefined(asSessionId(reference.trim()))
  const early = id === undefined ? undefined : yield* Effect.forkChild(pageOf(id))
  const session = yield* resolveSession(target, opencode, reference)
  const reading = early !== undefined && session.id === id ? Fiber.join(early) : pageOf(session.id)
  return { session, reading }
})

export const makeReadSession = Effect.fnUntraced(function* ({
  maxAnswerChars = defaultAnswerChars,
}: AnswerSizeOptions) {
  const messageBudget = maxAnswerChars - besideMessages
  const client = yield* OpencodeClient
  const counts = yield* MessageCounts

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

  /** A page of the conversation, with what is known of the session. */
  const readPage = Effect.fnUntraced(function* (
    target: Target,
    { before, message_limit: limit = messagesByDefault, session_id }: ReadOptions,
  ) {
    const opencode = client.at(target)
    const { reading, session } = yield* beginReading(target, opencode, session_id, pageBefore(opencode, limit, before))
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

  return Effect.fnUntraced(function* (target: Target, options: ReadOptions) {
    const { message_id, offset, session_id } = options
    if (message_id === undefined) return yield* readPage(target, options)
    const session = yield* resolveSession(target, client.at(target), session_id)
    return yield* readOne(target, session, message_id, offset)
  })
})
