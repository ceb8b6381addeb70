/** Pending requests in the answers of tools: in full if a person must decide, otherwise one line each. */
import { Schema } from "effect"
import { field } from "../shared/fields.ts"

const opt = Schema.optionalKey

/** One line about a pending request. */
export const WaitingView = Schema.Struct({
  kind: field(Schema.Literals(["permission", "question"]), "Kind of request"),
  id: field(Schema.String, "Request id"),
  session_id: field(Schema.String, "Requesting session"),
  about: field(Schema.String, "What is requested"),
})
export type WaitingView = typeof WaitingView.Type

/** A pending request in full. */
export const RequestView = Schema.Struct({
  kind: field(Schema.Literals(["permission", "question"]), "Kind of request"),
  id: field(Schema.String, "Request id; pass it as `permission_id` or `question_id`"),
  session_id: field(Schema.String, "The requesting session: the turn's own, or one of its subagents'"),
  message_id: opt(
    field(Schema.String, "The message whose tool call waits; get_session shows it and the request in full"),
  ),
  text: field(Schema.String, "The full request: show it to your human"),
  always: opt(field(Schema.Array(Schema.String), "What `always` would allow in the future")),
  always_count: opt(field(Schema.Int, "Number of these patterns, if there are more")),
  always_scope: opt(field(Schema.String, "Where and how long `always` would allow it")),
  questions: opt(
    field(
      Schema.Array(
        Schema.Struct({
          question: field(Schema.String, "The question"),
          options: field(Schema.Array(Schema.String), "Labels to choose from"),
          multiple: field(Schema.Boolean, "True if several labels may be chosen"),
          custom: field(Schema.Boolean, "True if a custom answer is allowed"),
        }),
      ),
      "The questions, in the order of `answers`",
    ),
  ),
})
export type RequestView = typeof RequestView.Type
