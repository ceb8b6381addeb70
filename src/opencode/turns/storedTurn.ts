/** Reads what opencode has stored about a turn. */
import { Effect, Schedule } from "effect"
import { pendingRequestsOf } from "../requests/pendingRequests.ts"
import type { ClientError } from "../errors.ts"
import type { Message } from "../sessions/Message.ts"
import type { MessagePage, Opencode } from "../Opencode.ts"
import type { MessageId, SessionId } from "../Identifiers.ts"
import { maxAbsence } from "./followStep.ts"
import type { Session, SessionStatus } from "../sessions/Session.ts"
import { countingUnreadable, type Unreadable, unreadableTotal } from "../Unreadable.ts"
import { isTransient, isUnreadableAnswer } from "../transient.ts"
import * as Turn from "../turn/Turn.ts"

/** Retries a read on transient failures, for as long as an instance may be unreachable, in milliseconds. */
export const persistently = <A, R>(read: Effect.Effect<A, ClientError, R>, retryFor = maxAbsence) =>
  Effect.retry(read, {
    while: isTransient,
    schedule: Schedule.upTo(Schedule.spaced("1 second"), { duration: retryFor }),
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

/** Whether an answer to the prompt was read and something older than all of them: the prompt itself cannot be read. */
const isAnsweredAfter = ([oldest, ...rest]: ReadonlyArray<Message>, prompt: MessageId) => {
  const answers = ({ info }: Message) => info.role === "assistant" && info.parentID === prompt
  return oldest !== undefined && !answers(oldest) && rest.some(answers)
}

/** The messages of the turn, starting with its prompt. A prompt that may not be stored is looked for among the newest only. */
const messagesOf = (opencode: Opencode, { prompt, session, accepted }: Turn.Turn) =>
  readBack(
    opencode,
    session,
    (messages) =>
      messages.some(({ info }) => info.id === prompt) ||
      isAnsweredAfter(messages, prompt) ||
      (!accepted && messages.length > firstPage),
  )

const oneMessage: Unreadable = new Map([["message", 1]])

/** Reads what opencode has stored about the turn, for `Turn.reconcile`. */
export const readStored = Effect.fnUntraced(function* (
  opencode: Opencode,
  session: Session,
  turn: Turn.Turn,
): Effect.fn.Return<Turn.StoredSession, ClientError> {
  // The status is read first: if it is idle, the messages read afterwards are all messages of the turn.
  const status = yield* statusOf(opencode, session)
  const { pending, read } = yield* Effect.all(
    {
      // Without its stored messages, a turn is followed by its events and the session's status.
      read: countingUnreadable(messagesOf(opencode, turn)).pipe(
        Effect.catchIf(isUnreadableAnswer, () => Effect.succeed({ result: [], unreadable: oneMessage })),
      ),
      pending: pendingRequestsOf(opencode, session),
    },
    { concurrency: "unbounded" },
  )
  return { status, pending, messages: read.result, unreadable: unreadableTotal(read.unreadable) }
})

/** Reads what opencode has stored and merges it into the turn. */
export const refreshTurn = (opencode: Opencode, session: Session, turn: Turn.Turn) =>
  Effect.map(readStored(opencode, session, turn), (stored) => Turn.reconcile(turn, stored))

/** What opencode 1 stores as the user's message when a person runs `!command` in its terminal. */
const shellMessage = "The following tool was executed by the user"

const isWrittenByOpencode = ({ info, parts }: Message) =>
  info.role === "user" && parts.length > 0 && parts.every((part) => part.type === "text" && part.synthetic === true)

const isShellCommand = (message: Message) =>
  isWrittenByOpencode(message) && message.parts.some((part) => part.type === "text" && part.text === shellMessage)

/** Whether opencode itself wrote the message during a turn: to request a summary, or to continue after one or a subagent. */
const isContinuation = (messages: ReadonlyArray<Message>, index: number) => {
  const message = messages[index]
  const before = messages[index - 1]?.info
  if (message === undefined || Turn.isAutoCompaction(message)) return true
  if (before?.role !== "assistant") return false
  if (before.finish === "tool-calls" && isWrittenByOpencode(message)) return true
  return messages.some((other) => other.info.id === before.parentID && Turn.isAutoCompaction(other))
}

/** The messages that have begun turns and were not undone, the last one first. */
const promptsIn = (messages: ReadonlyArray<Message>, { undoneFrom }: Session): ReadonlyArray<number> => {
  const undone = messages.findIndex(({ info }) => info.id === undoneFrom)
  if (undone < 0 && undoneFrom !== undefined) return []
  const remaining = undone < 0 ? messages : messages.slice(0, undone)
  return remaining
    .flatMap(({ info }, index) => (info.role === "user" && !isContinuation(messages, index) ? [index] : []))
    .toReversed()
}

/** The prompt of the newest answer, if it cannot be read. */
const unreadPrompt = (messages: ReadonlyArray<Message>): MessageId | undefined => {
  const newest = messages.at(-1)?.info
  const parent = newest?.role === "assistant" ? newest.parentID : undefined
  return messages.some(({ info }) => info.id === parent) ? undefined : parent
}

/**
 * The user message that started the session's last turn, or with `back` an earlier one. A command that a person ran counts
 * only if there is nothing else.
 */
export const lastPrompt = Effect.fnUntraced(function* (opencode: Opencode, session: Session, back = 0) {
  const turnsIn = (messages: ReadonlyArray<Message>) =>
    promptsIn(messages, session).filter((index) => {
      const message = messages[index]
      return message !== undefined && !isShellCommand(message)
    })
  // Whether it is a continuation depends on the two messages before it.
  const messages = yield* readBack(opencode, session.id, (read) => (turnsIn(read)[back] ?? 0) >= 2)
  const turns = turnsIn(messages)
  const unread = unreadPrompt(messages)
  if (unread !== undefined && back === 0 && session.undoneFrom === undefined) return unread
  const index = (turns.length > 0 ? turns : promptsIn(messages, session))[back]
  return index === undefined ? undefined : messages[index]?.info.id
})
