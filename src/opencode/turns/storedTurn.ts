/** Reads what opencode has stored about a turn, where events do not tell enough. */
import { Effect, Ref, Schedule } from "effect"
import { pendingOf } from "../sessions/activity.ts"
import type { ClientError } from "../errors.ts"
import type { Message } from "../sessions/Message.ts"
import type { MessagePage, Opencode } from "../Opencode.ts"
import type { SessionId } from "../Identifiers.ts"
import type { Session, SessionStatus } from "../sessions/Session.ts"
import * as Turn from "../turn/Turn.ts"

export const statusOf = (opencode: Opencode, session: Session): Effect.Effect<SessionStatus, ClientError> =>
  Effect.map(opencode.statuses(session.directory), (all) => all.get(session.id) ?? { type: "idle" })

/** A page holds the whole diffs of its turns, so the first one is short: most turns are, too. */
const firstPage = 10
const pageSize = 50

/** A turn of more messages than this is told by its newest ones. */
const mostMessages = 1000

/** The newest messages, oldest first, read backwards in pages until they are enough or the session begins. */
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
  } while (before !== undefined && messages.length < mostMessages && !isEnough(messages))
  return messages
})

/** The messages of the turn, from its prompt on. One that is not known to be stored is among the newest, or is not. */
const messagesOf = (opencode: Opencode, { prompt, session, taken }: Turn.Turn) =>
  readBack(
    opencode,
    session,
    (messages) => messages.some(({ info }) => info.id === prompt) || (!taken && messages.length > firstPage),
  )

/** Reads what is stored into the turn. */
export const look = Effect.fnUntraced(function* (opencode: Opencode, session: Session, state: Ref.Ref<Turn.Turn>) {
  // The status first: if it was idle before the messages are read, they are all that the turn has come to.
  const status = yield* statusOf(opencode, session)
  const seen = yield* Effect.all(
    { messages: messagesOf(opencode, yield* Ref.get(state)), pending: pendingOf(opencode, session) },
    { concurrency: "unbounded" },
  )
  return yield* Ref.updateAndGet(state, (turn) => Turn.reconcile(turn, { status, ...seen }))
})

/** A message that opencode itself wrote in the middle of a turn: for a summary, or to go on after it. */
const isContinuation = (messages: ReadonlyArray<Message>, index: number) => {
  const message = messages[index]
  const before = messages[index - 1]?.info
  if (message === undefined || Turn.isAutoCompaction(message)) return true
  return (
    before?.role === "assistant" &&
    messages.some((other) => other.info.id === before.parentID && Turn.isAutoCompaction(other))
  )
}

/** Where the last user message stands that is none of opencode's own and was not undone. */
const lastPrompted = (messages: ReadonlyArray<Message>, { undoneFrom }: Session) => {
  const undone = messages.findIndex(({ info }) => info.id === undoneFrom)
  if (undone < 0 && undoneFrom !== undefined) return -1
  const standing = undone < 0 ? messages : messages.slice(0, undone)
  return standing.findLastIndex(({ info }, index) => info.role === "user" && !isContinuation(messages, index))
}

/** The user message that the session's last turn answers, or is going to. */
export const lastPrompt = Effect.fnUntraced(function* (opencode: Opencode, session: Session) {
  // What it is shows by the two messages before it.
  const messages = yield* readBack(opencode, session.id, (read) => lastPrompted(read, session) >= 2)
  return messages[lastPrompted(messages, session)]?.info.id
})

/** Errors and aborts report idle up to half a second before the message is final. */
const untilFinal = Schedule.max([Schedule.spaced("100 millis"), Schedule.recurs(20)])

/** In a directory that is used for the first time a turn takes over two seconds to begin. */
const untilBegun = Schedule.max([Schedule.spaced("250 millis"), Schedule.recurs(20)])

/**
 * Events say that the session is idle: reads what is stored until that agrees. None if the session turns out to be
 * busy, so that the turn goes on.
 */
export const confirmIdle = Effect.fnUntraced(function* (
  readStored: Effect.Effect<Turn.Turn, ClientError>,
  state: Ref.Ref<Turn.Turn>,
  /** `old`: it cannot be that the turn has yet to begin. `missed`: events may have told more than was heard. */
  { missed, old }: { readonly old: boolean; readonly missed: boolean },
): Effect.fn.Return<Turn.Outcome | undefined, ClientError> {
  const begun = old || (yield* Ref.get(state)).answers.size > 0
  yield* readStored.pipe(
    Effect.repeat({
      while: (turn) => turn.status.type === "idle" && Turn.outcome(turn) === undefined,
      schedule: begun ? untilFinal : untilBegun,
    }),
  )
  const turn = yield* Ref.get(state)
  if (turn.status.type !== "idle") return undefined
  return Turn.outcome(turn) ?? Turn.givenUp(turn, missed)
})
