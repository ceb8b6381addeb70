/** One message in full, page by page. An offset counts the characters of its parts, input before output. */
import type { Message } from "../../opencode/sessions/Message.ts"
import type { PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { truncate } from "../../text/truncate.ts"
import { wholeRequestText } from "../requests/requestView.ts"
import { greatest } from "../shared/answerSize.ts"
import type { ConversationView, PartView } from "./conversationSchemas.ts"
import { messageWith, readMessage, wholeParts } from "./conversationView.ts"

type Texts = Pick<PartView, "input" | "text">

const lengthOf = ({ input = "", text = "" }: Texts) => input.length + text.length

/** The part of a text between two positions in the message. Undefined if there is nothing. */
const slice = (text: string | undefined, start: number, from: number, to: number): string | undefined => {
  if (text === undefined) return undefined
  const end = truncate(text, Math.max(0, to - start))
  const cut = end.slice(Math.max(0, from - start))
  return cut === "" ? undefined : cut
}

const partsBetween = (parts: ReadonlyArray<PartView>, from: number, to: number) => {
  let position = 0
  return parts.flatMap((part): ReadonlyArray<PartView> => {
    const { input, text, ...rest } = part
    const start = position
    position += lengthOf(part)
    // A part without text is shown on the page on which it lies.
    if (position === start) return start >= from && start < to ? [part] : []
    const shownInput = slice(input, start, from, to)
    const shownText = slice(text, start + (input?.length ?? 0), from, to)
    return shownInput === undefined && shownText === undefined
      ? []
      : [
          {
            ...rest,
            ...(start < from ? { continued: true } : {}),
            ...(shownInput === undefined ? {} : { input: shownInput }),
            ...(shownText === undefined ? {} : { text: shownText }),
          },
        ]
  })
}

const total = (parts: ReadonlyArray<Texts>) => parts.reduce((sum, part) => sum + lengthOf(part), 0)

/**
 * The page of a message that begins after `offset` characters, as long as the answer allows. The requests that its tool
 * calls wait for are its last parts.
 */
export const messagePage = (
  answer: Omit<ConversationView, "messages">,
  message: Message,
  pending: ReadonlyArray<PendingRequest>,
  offset: number,
  fits: (view: ConversationView) => boolean,
): ConversationView => {
  const parts = [
    ...wholeParts(message),
    ...pending.map((request): PartView => ({ kind: "request", text: wholeRequestText(request) })),
  ]
  const length = total(parts)
  const from = Math.min(offset, length)
  const page = (room: number): ConversationView => {
    const shown = partsBetween(parts, from, Math.max(1, from + room))
    const end = from + total(shown)
    return {
      ...answer,
      messages: [messageWith(message, shown)],
      message_length: length,
      ...(from === 0 ? {} : { offset: from }),
      ...(end >= length
        ? {}
        : {
            more_count: length - end,
            next: `${(length - end).toLocaleString("en")} more characters: ${readMessage(message.info.id, end)}.`,
          }),
    }
  }
  // Two characters, because the first may be half of one.
  return page(greatest(2, length - from, (room) => fits(page(room))))
}
