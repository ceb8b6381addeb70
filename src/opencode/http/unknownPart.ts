/** A note in place of a part of a message that has another type or shape, so that it is not left out silently. */
import { Predicate } from "effect"
import { line } from "../../text/plainText.ts"
import type { MessageId } from "../Identifiers.ts"
import type { NotePart } from "../sessions/Message.ts"
import type { Unrecognised } from "./tolerantArray.ts"

export const typeOf = ({ raw }: Unrecognised): string =>
  Predicate.hasProperty(raw, "type") && typeof raw.type === "string" ? raw.type : "?"

/** What stands for an item that is not understood in a message's text. */
export const unknownText = (item: Unrecognised): string =>
  `a part that this version of opencode-fleet does not understand (${line(typeOf(item), 50)})`

export const unknownPart = (messageID: MessageId, item: Unrecognised, index: number): NotePart => ({
  type: "note",
  id: `${messageID}:unknown:${index}`,
  messageID,
  about: "other",
  text: unknownText(item),
})
