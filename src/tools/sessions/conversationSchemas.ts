/** The answer of get_session: a session as a conversation. */
import { Schema } from "effect"
import { pageFields } from "../shared/page.ts"
import { AsOf, count, field, InstanceName } from "../shared/fields.ts"
import { unreadableFields } from "../shared/unreadable.ts"
import { SessionView } from "./sessionSchemas.ts"

const opt = Schema.optionalKey

export const PartView = Schema.Struct({
  kind: field(
    Schema.Literals(["text", "reasoning", "tool", "file", "changes", "subtask", "compaction", "note", "request"]),
    "Kind of part; request: what a tool call waits for a person to decide",
  ),
  text: opt(field(Schema.String, "Text; for a tool its output or error, for files their paths. Clipped")),
  continued: opt(field(Schema.Boolean, "True if it began on the page before")),
  tool: opt(field(Schema.String, "Name of the called tool")),
  state: opt(field(Schema.Literals(["pending", "running", "completed", "error"]), "State of the tool call")),
  input: opt(field(Schema.String, "Arguments of the tool call as JSON. Clipped")),
})
export type PartView = typeof PartView.Type

export const MessageView = Schema.Struct({
  message_id: field(Schema.String, "Message id"),
  role: field(Schema.Literals(["user", "assistant"]), "Author"),
  created: field(Schema.String, "ISO 8601"),
  completed: field(Schema.Boolean, "False while the answer is being written, and if it was interrupted"),
  agent: opt(field(Schema.String, "Agent that answers")),
  model: opt(field(Schema.String, "provider/model")),
  parts: field(Schema.Array(PartView), "The message's parts in order; of a very long message the newest"),
  error: opt(field(Schema.String, "Why the answer failed, as the provider reported it")),
  input_tokens: opt(field(Schema.Finite, "Input tokens")),
  output_tokens: opt(field(Schema.Finite, "Output tokens")),
  cost: opt(field(Schema.Finite, "Cost in US dollars, as computed by opencode")),
})
export type MessageView = typeof MessageView.Type

export const ConversationView = Schema.Struct({
  instance: InstanceName,
  as_of: AsOf,
  session: field(SessionView, "The session"),
  messages: field(Schema.Array(MessageView), "Oldest first"),
  ...unreadableFields,
  message_length: opt(field(count, "With message_id: characters of the whole message")),
  ...pageFields,
  before: opt(field(Schema.String, "Pass it as `before` to read older messages; absent if there are none")),
})
export type ConversationView = typeof ConversationView.Type
