/** Sessions in the answers of list_sessions, create_session and get_status. */
import { Schema, Struct } from "effect"
import { WaitingView } from "../requests/requestSchemas.ts"
import { count, field, InstanceName } from "../shared/fields.ts"

const opt = Schema.optionalKey

export const SessionView = Schema.Struct({
  id: field(Schema.String, "Full id; pass it as `session_id`"),
  title: field(Schema.String, "Title"),
  status: field(
    Schema.Literals(["idle", "busy", "retry", "waiting", "elsewhere"]),
    "idle; busy; retry (after an error of the provider); waiting (for a person); elsewhere (busy in another opencode of the same user)",
  ),
  detail: opt(field(Schema.String, "More about the status")),
  waiting_for: opt(field(Schema.Array(WaitingView), "Requests that wait for a person; the first 5")),
  messages: opt(field(count, "Messages; absent if unknown")),
  more_messages: opt(field(Schema.Boolean, "True if there are more messages than `messages`")),
  created: field(Schema.String, "ISO 8601"),
  updated: field(Schema.String, "ISO 8601"),
  age: field(Schema.String, "Time since the last update"),
  directory: field(Schema.String, "Working directory"),
  undone_from: opt(field(Schema.String, "Id of the first undone message; sending one removes them")),
  parent_id: opt(field(Schema.String, "For a subagent's session: the session it works for")),
})
export type SessionView = typeof SessionView.Type

export const SessionsView = Schema.Struct({
  instance: InstanceName,
  total: field(count, "Number of sessions, excluding subagent sessions"),
  unreadable: opt(field(count, "Number of sessions left out because opencode-fleet does not understand them")),
  matching: field(count, "Number of them that match"),
  sessions: field(
    Schema.Array(SessionView),
    "Most recently updated first; subagent sessions follow the session they work for",
  ),
  listed_at: opt(
    field(
      Schema.Array(
        Schema.Struct({
          instance: InstanceName,
          count: field(count, "Number of sessions, excluding subagent sessions"),
        }),
      ),
      "Instances that share its sessions and list the others",
    ),
  ),
})
export type SessionsView = typeof SessionsView.Type

export const CreatedView = Schema.Struct({ instance: InstanceName, session: field(SessionView, "The new session") })
export type CreatedView = typeof CreatedView.Type

export const StatusView = Schema.Struct({
  instance: InstanceName,
  health: field(Schema.String, "Health of the instance"),
  active: field(
    Schema.Array(
      SessionView.mapFields(
        Struct.pick(["id", "title", "status", "detail", "waiting_for", "age", "directory", "parent_id"]),
      ),
    ),
    "Sessions that are not idle, most recently updated first; the first 30",
  ),
  active_count: field(count, "Number of sessions that are not idle"),
  idle: field(count, "Number of idle sessions in the directories that were checked"),
  unreadable: opt(
    field(count, "Number of pending requests left out because opencode-fleet does not understand them; see opencode"),
  ),
  unasked: field(count, "Number of older sessions in directories that were not checked"),
})
export type StatusView = typeof StatusView.Type
