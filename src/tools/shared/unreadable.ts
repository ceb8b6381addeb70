/** Says in an answer that something is missing in it, because opencode-fleet does not understand it. */
import { Schema } from "effect"
import { isNewerThanTried } from "../../opencode/triedVersions.ts"
import { notUnderstood, type Unreadable, unreadableTotal } from "../../opencode/Unreadable.ts"
import { count, field } from "./fields.ts"

const opt = Schema.optionalKey

export const unreadableFields = {
  unreadable_count: opt(field(count, "Number of items left out because opencode-fleet does not understand them")),
  unreadable: opt(field(Schema.String, "What they are, of which opencode version, and what that may hide")),
}

/** The {@link unreadableFields}. `consequence`: a sentence about what may be missed. */
export const unreadableView = (
  unreadable: Unreadable,
  version: string | undefined,
  consequence = "",
): { readonly unreadable_count?: number; readonly unreadable?: string } => {
  const what = notUnderstood(unreadable, version)
  if (what === undefined) return {}
  const total = unreadableTotal(unreadable)
  const shown = `${what}: opencode shows ${total === 1 ? "it" : "them"}, this version of opencode-fleet cannot.`
  const update = isNewerThanTried(version) ? "Update opencode-fleet." : ""
  return {
    unreadable_count: total,
    unreadable: [shown, consequence, update].filter((sentence) => sentence !== "").join(" "),
  }
}
