/**
 * Reads pages of messages around those that cannot be read: opencode 1.18.33 answers 400 for a page that holds a message it
 * cannot encode (structured output), and an answer with many attachments exceeds our bound.
 */
import { Effect } from "effect"
import type { ClientError } from "../errors.ts"
import type { MessagePage } from "../Opencode.ts"
import { UnreadableItems } from "../Unreadable.ts"

interface PageOptions {
  readonly limit: number
  readonly before?: string
}

/** Whether it is the content of the answer that makes the request fail. */
export const isUnreadable = (error: ClientError): boolean =>
  (error._tag === "OpencodeError" && error.status === 400) ||
  (error._tag === "UnexpectedResponse" && error.detail.startsWith("more than "))

const unreadableMessage: Effect.Effect<MessagePage> = Effect.map(UnreadableItems, (unreadable) => {
  if (unreadable !== undefined) unreadable.count++
  // opencode sends no cursor for the messages before it.
  return { messages: [], older: undefined }
})

/** Reads a page in halves if it cannot be read at once. A message that cannot be read by itself is left out and counted. */
export const readAround = (
  read: (page: PageOptions) => Effect.Effect<MessagePage, ClientError>,
): ((page: PageOptions) => Effect.Effect<MessagePage, ClientError>) => {
  const readPage = (page: PageOptions): Effect.Effect<MessagePage, ClientError> =>
    Effect.catchIf(read(page), isUnreadable, (error) => {
      if (page.limit > 1) return inHalves(page)
      // A cursor that opencode does not take is the caller's mistake.
      return isAboutCursor(error) ? Effect.fail(error) : unreadableMessage
    })

  const inHalves = Effect.fnUntraced(function* (page: PageOptions): Effect.fn.Return<MessagePage, ClientError> {
    const half = Math.ceil(page.limit / 2)
    const newer = yield* readPage({ ...page, limit: half })
    if (newer.older === undefined) return newer
    const older = yield* readPage({ limit: page.limit - half, before: newer.older })
    return { messages: [...older.messages, ...newer.messages], older: older.older }
  })
  return readPage
}

const isAboutCursor = (error: ClientError) => error._tag === "OpencodeError" && /cursor/iu.test(error.detail)
