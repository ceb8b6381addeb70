/** Finds a message of which only the text and the time are known. */
import { Effect } from "effect"
import type { MessageId } from "../Identifiers.ts"
import type { MessagePage, Opencode } from "../Opencode.ts"
import type { Message } from "../sessions/Message.ts"
import type { Session } from "../sessions/Session.ts"

const pageSize = 50

/** Maximum number of messages read, the newest ones. */
const maxMessages = 1000

/** The text as the user wrote it, without what opencode added. */
const writtenText = ({ parts }: Message): string =>
  parts.flatMap((part) => (part.type === "text" && part.synthetic !== true ? [part.text] : [])).join("\n")

/** The clock of the instance's machine may be behind by this, in milliseconds. */
const maxSkew = 10_000

/** The first user message since that time whose text `isMeant` accepts, stored or in the server's queue. */
export const findPrompt = Effect.fnUntraced(function* (
  opencode: Opencode,
  session: Session,
  since: number,
  isMeant: (text: string) => boolean,
) {
  const queue = yield* opencode.queuedPrompts(session.id)
  let found: MessageId | undefined = queue.find(({ text }) => isMeant(text))?.id
  let before: string | undefined
  let read = 0
  do {
    const page: MessagePage = yield* opencode.messages(session.id, {
      limit: pageSize,
      ...(before === undefined ? {} : { before }),
    })
    const recent = page.messages.filter(({ info }) => info.time.created >= since - maxSkew)
    found = recent.find((message) => message.info.role === "user" && isMeant(writtenText(message)))?.info.id ?? found
    read += page.messages.length
    before = recent.length < page.messages.length ? undefined : page.older
  } while (before !== undefined && read < maxMessages)
  return found
})
