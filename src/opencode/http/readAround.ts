/**
 * Reads pages of messages around those that cannot be read: opencode 1.18.33 answers 400 for a page that holds a message it
 * cannot encode (structured output), and an answer with many attachments exceeds our bound.
 */
import { Effect } from "effect"
import type { ClientError } from "../errors.ts"
import { leaveOut } from "../Unreadable.ts"
import { MaxResponseBytes, pageAnswer } from "./MaxResponseBytes.ts"

/** Oldest first. */
interface Page<A> {
  readonly items: ReadonlyArray<A>
  /** The cursor of the items before them. */
  readonly older: string | undefined
}

interface PageOptions {
  readonly limit: number
  readonly before?: string
}

/** Whether it is the content of the answer that makes the request fail. */
export const isUnreadable = (error: ClientError): boolean =>
  (error._tag === "OpencodeError" && error.status === 400) ||
  (error._tag === "UnexpectedResponse" && error.detail.startsWith("more than "))

/** opencode sends no cursor for the messages before it. */
const unreadableMessage: Effect.Effect<Page<never>> = Effect.as(leaveOut("unread message", 1), {
  items: [],
  older: undefined,
})

/**
 * Reads a page in halves if it cannot be read at once, because a large answer takes much memory. A message that cannot be read
 * by itself is left out and counted. `isWrongCursor`: whether the error means that the server does not take the page's cursor,
 * which is the caller's mistake.
 */
export const readAround = <A>(
  read: (page: PageOptions) => Effect.Effect<Page<A>, ClientError>,
  isWrongCursor: (error: ClientError, before: string | undefined) => boolean,
): ((page: PageOptions) => Effect.Effect<Page<A>, ClientError>) => {
  const readBounded = (page: PageOptions) =>
    page.limit > 1 ? Effect.provideService(read(page), MaxResponseBytes, pageAnswer) : read(page)

  const readPage = (page: PageOptions): Effect.Effect<Page<A>, ClientError> =>
    Effect.catchIf(readBounded(page), isUnreadable, (error) => {
      if (page.limit > 1) return inHalves(page)
      return isWrongCursor(error, page.before) ? Effect.fail(error) : unreadableMessage
    })

  const inHalves = Effect.fnUntraced(function* (page: PageOptions): Effect.fn.Return<Page<A>, ClientError> {
    const half = Math.ceil(page.limit / 2)
    const newer = yield* readPage({ ...page, limit: half })
    if (newer.older === undefined) return newer
    const older = yield* readPage({ limit: page.limit - half, before: newer.older })
    return { items: [...older.items, ...newer.items], older: older.older }
  })
  return readPage
}
