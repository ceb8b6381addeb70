/** Reads what opencode has stored about a turn. */
import { Effect, Schedule } from "effect"
import { pendingRequestsOf } from "../requests/pendingRequests.ts"
import type { ClientError } from "../errors.ts"
import type { Message } from "../sessions/Message.ts"
import type { MessagePage, Opencode } from "../Opencode.ts"
import type { SessionId } from "../Identifiers.ts"
import { maxAbsence } from "./followStep.ts"
import type { Session, SessionStatus } from "../sessions/Session.ts"
import { isTransient } from "../transient.ts"
import * as Turn from "../turn/Turn.ts"

/** Retries a read on transient failures, for as long as an instance may be unreachable. */
export const persistently = <A, R>(read: Effect.Effect<A, ClientError, R>) =>
  Effect.retry(read, {
    while: isTransient,
    schedule: Schedule.upTo(Schedule.spaced("1 second"), { duration: maxAbsence }),
  })

export const statusOf = (opencode: Opencode, session: Session): Effect.Effect<SessionStatus, ClientError> =>
  Effect.map(opencode.statuses(session.directory), (all) => all.get(session.id) ?? { type: "idle" })

/** Messages in the first page. Small, because a page holds the whole diffs of its turns, and most turns are short. */
const firstPage = 10
const pageSize = 50

/** Maximum number of messages read of one turn, the newest ones. */
const maxMessages = 1000

/** The newest messages, oldest first. Pages are read backwards until `isEnough` holds or the session begins. */
const readBack = Effect.fnUntraced(function* (
  opencode: Opencode,
  session: SessionId,
  isEnough: (messages: ReadonlyArray<Message>) => boolean,
) {
  const messages: Array<Message> = []
  let before: string | undefined
  do {
    const page: MessagePage = yield* opencode.messages(session, {
      limit: before === undefined ? firstPage : pageSize,
      ...(before === undefined ? {} : { before }),
    })
    messages.unshift(...page.messages)
    before = page.older
  } while (before !== undefined && messages.length < maxMessages && !isEnough(messages))
  return messages
})

/** The messages of the turn, starting with its prompt. A prompt that may not be stored is looked for among the newest only. */
const messagesOf = (opencode: Opencode, { prompt, session, accepted }: Turn.Turn) =>
  readBack(
    opencode,
    session,
    (messages) => messages.some(({ info }) => info.id === prompt) || (!accepted && messages.length > firstPage),
  )

/** Reads what opencode has stored about the turn, for `Turn.reconcile`. */
export const readStored = Effect.fnUntraced(function* (
  opencode: Opencode,
  session: Session,
  turn: Turn.Turn,
): Effect.fn.Return<Turn.StoredSession, ClientError> {
  // The status is read first: if it is idle, the messages read afterwards are all messages of the turn.
  const status = yield* statusOf(opencode, session)
  const rest = yield* Effect.all(
    { messages: messagesOf(opencode, turn), pending: pendingRequestsOf(opencode, session) },
    { concurrency: "unbounded" },
  )
  return { status, ...rest }
})

/** Reads what opencode has stored and merges it into the turn. */
export const refreshTurn = (opencode: Opencode, session: Session, turn: Turn.Turn) =>
  Effect.map(readStored(opencode, session, turn), (stored) => Turn.reconcile(turn, stored))

/** Whether opencode itself wrote the message during a turn: to request a summary, or to continue after one. */
const isContinuation = (messages: ReadonlyArray<Message>, index: number) => {
  const message = messages[index]
  const before = messages[index - 1]?.info
  if (message === undefined || Turn.isAutoCompaction(message)) return true
  return (
    before?.role === "assistant" &&
    messages.some((other) => other.info.id === before.parentID && Turn.isAutoCompaction(other))
  )
}

/** Index of the last user message that a person or client sent and that was not undone; -1 if there is none. */
const lastPromptIndex = (messages: ReadonlyArray<Message>, { undoneFrom }: Session) => {
  const undone = messages.findIndex(({ info }) => info.id === undoneFrom)
  if (undone < 0 && undoneFrom !== undefined) return -1
  const remaining = undone < 0 ? messages : messages.slice(0, undone)
  return remaining.findLastIndex(({ info }, index) => info.role === "user" && !isContinuation(messages, index))
}

/** The user message that started the session's last turn. */
export const lastPrompt = Effect.fnUntraced(function* (opencode: Opencode, session: Session) {
  // Whether it is a continuation depends on the two messages before it.
  const messages = yield* readBack(opencode, session.id, (read) => lastPromptIndex(read, session) >= 2)
  return messages[lastPromptIndex(messages, session)]?.info.id
})
