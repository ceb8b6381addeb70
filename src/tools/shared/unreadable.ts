/** Says in an answer that something is missing in it, because it could not be read or understood. */
import { Schema } from "effect"
import { isNewerThanTried } from "../../opencode/triedVersions.ts"
import { notRead, ofAnotherShape, type Unreadable, unreadableTotal, unreadMessages } from "../../opencode/Unreadable.ts"
import { count, field } from "./fields.ts"

const opt = Schema.optionalKey

export const unreadableFields = {
  unreadable_count: opt(field(count, "Number of items left out because they could not be read or understood")),
  unreadable: opt(field(Schema.String, "What they are, of which opencode version, and what that may hide")),
}

/** The {@link unreadableFields}. `consequence`: a sentence about what may be missed. */
export const unreadableView = (
  unreadable: Unreadable,
  version: string | undefined,
  consequence = "",
): { readonly unreadable_count?: number; readonly unreadable?: string } => {
  const total = unreadableTotal(unreadable)
  if (total === 0) return {}
  const unread = unreadMessages(unreadable)
  const lost = notRead(unreadable)
  const unknown = ofAnotherShape(unreadable, version)
  const them = total - unread === 1 ? "it" : "them"
  const sentences = [
    lost === undefined
      ? []
      : `${lost}: opencode fails to send ${unread === 1 ? "it, or it is" : "them, or they are"} too large.`,
    unknown === undefined ? [] : `${unknown}: opencode shows ${them}, this version of opencode-fleet cannot.`,
    consequence === "" ? [] : consequence,
    unknown !== undefined && isNewerThanTried(version) ? "Update opencode-fleet." : [],
  ].flat()
  return {
    unreadable_count: total,
    unreadable: sentences.join(" "),
  }
}
