/** The messages of a session, page by page. */
import { Effect } from "effect"
import type { SessionId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"
import type { Call } from "../http/makeCall.ts"
import { cursorOf, isWrongCursor } from "./cursor.ts"
import { isUnreadable, readAround } from "../http/readAround.ts"
import { countPage } from "../sessions/countPage.ts"
import { countItems } from "../../text/jsonItems.ts"
import type { Routes } from "./routes.ts"
import { understood } from "../http/tolerantArray.ts"
import { isOlder } from "../triedVersions.ts"
import { oldestWithTurnDiff, storedDiffs } from "./storedDiffs.ts"

interface Page {
  readonly limit: number
  readonly before?: string
}

export const messageRequests = ({ api: { session: api } }: Routes, call: Call) => {
  const readPage = (session: SessionId, query: Page) =>
    api.messages({ params: { sessionID: session }, query }).pipe(
      Effect.flatMap(({ body, headers }) =>
        Effect.map(understood("message")(body), (items) => ({ items, older: headers["x-next-cursor"] })),
      ),
      call("messages", { session }),
    )

  const readMessages = (session: SessionId) => readAround((part) => readPage(session, part), isWrongCursor)

  const messages: Opencode["messages"] = (session, page) =>
    Effect.map(readMessages(session)(page), ({ items, older }) => ({
      messages: items,
      older,
      olderThan: ({ info }) => Effect.succeed(cursorOf(info)),
    }))

  /** Undefined if the answer is no list of messages. */
  const countBytes = (session: SessionId, query: Page) =>
    api.messages({ params: { sessionID: session }, query, responseMode: "response-only" }).pipe(
      Effect.flatMap(({ arrayBuffer, headers }) =>
        Effect.map(arrayBuffer, (bytes) => {
          const count = countItems(Buffer.from(bytes))
          return count === undefined ? undefined : { count, older: headers["x-next-cursor"], bytes: bytes.byteLength }
        }),
      ),
      call("messages", { session }),
    )

  return {
    messages,
    countMessages: (session, page) =>
      countBytes(session, page).pipe(
        Effect.catchIf(isUnreadable, () => Effect.undefined),
        Effect.flatMap((counted) =>
          counted === undefined ? countPage(messages)(session, page) : Effect.succeed(counted),
        ),
      ),
    message: (session, messageID) =>
      api.message({ params: { sessionID: session, messageID }, query: {} }).pipe(call("message", { session })),
    diff: (session, messageID, version) =>
      version !== undefined && isOlder(version, oldestWithTurnDiff)
        ? api
            .message({ params: { sessionID: session, messageID }, query: {} })
            .pipe(Effect.flatMap(storedDiffs), call("diff", { session }))
        : api
            .diff({ params: { sessionID: session }, query: { messageID } })
            .pipe(Effect.flatMap(understood("file change")), call("diff", { session })),
  } satisfies Partial<Opencode>
}
