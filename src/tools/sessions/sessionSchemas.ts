/** Sessions in the answers of list_sessions, create_session and get_status. */
import { Schema, Struct } from "effect"
import { WaitingView } from "../requests/requestSchemas.ts"
import { BrokenDirectories } from "./brokenView.ts"
import { pageFields } from "../shared/page.ts"
import { unreadableFields } from "../shared/unreadable.ts"
import { AsOf, count, field, InstanceName } from "../shared/fields.ts"

const opt = Schema.optionalKey

export const SessionView = Schema.Struct({
  session_id: field(Schema.String, "Full id"),
  title: field(Schema.String, "Title"),
  status: field(
    Schema.Literals(["idle", "busy", "retry", "waiting", "elsewhere", "unknown"]),
    "idle; busy; retry (after an error of the provider); waiting (for a person); elsewhere (busy in another opencode of the same user); unknown (see `detail`)",
  ),
  detail: opt(field(Schema.String, "More about the status")),
  running_at: opt(field(Schema.String, "The instance on which it is busy, if that is another one")),
  waiting_for: opt(field(Schema.Array(WaitingView), "Requests that wait for a person; the first 5")),
  waiting_for_count: opt(field(count, "Number of these requests, if there are more")),
  message_count: opt(field(count, "Messages; absent if unknown")),
  has_more_messages: opt(field(Schema.Boolean, "True if there are more than `message_count`")),
  created: field(Schema.String, "ISO 8601"),
  updated: field(Schema.String, "ISO 8601"),
  directory: field(Schema.String, "Working directory"),
  undone_from_message_id: opt(field(Schema.String, "The first undone message; sending one removes them")),
  subagent_count: opt(field(count, "Number of its subagents' sessions, if not all are listed")),
  parent_session_id: opt(field(Schema.String, "For a subagent's session: the session it works for")),
})
export type SessionView = typeof SessionView.Type

export const SessionsView = Schema.Struct({
  instance: InstanceName,
  as_of: AsOf,
  session_count: field(count, "Number of sessions, excluding subagent sessions"),
  ...unreadableFields,
  matching_count: field(count, "Number of sessions that match, excluding subagent sessions"),
  sessions: field(
    Schema.Array(SessionView),
    "Most recently updated first; subagent sessions follow the session they work for",
  ),
  broken_directories: BrokenDirectories,
  listed_at: opt(
    field(
      Schema.Array(
        Schema.Struct({
          instance: InstanceName,
          session_count: field(count, "Number of sessions, excluding subagent sessions"),
        }),
      ),
      "Instances that share its sessions and list the others",
    ),
  ),
  ...pageFields,
})
export type SessionsView = typeof SessionsView.Type

export const CreatedView = Schema.Struct({
  instance: InstanceName,
  session: field(
    SessionView.mapFields(Struct.pick(["session_id", "title", "status", "created", "updated", "directory"])),
    "The new session",
  ),
  agent: opt(field(Schema.String, "Its agent, if one was given")),
  model: opt(field(Schema.String, "Its model, if one was given")),
  worktree: opt(field(Schema.String, "The directory of the new worktree")),
  allowed: opt(field(Schema.Array(Schema.String), "The given rules that allow something: tell your human")),
  forked_from: opt(field(Schema.String, "The session whose conversation it has")),
  next: opt(field(Schema.String, "What to do next")),
})
export type CreatedView = typeof CreatedView.Type

export const StatusView = Schema.Struct({
  instance: InstanceName,
  as_of: AsOf,
  health: field(Schema.String, "Health of the instance"),
  active: field(
    Schema.Array(
      SessionView.mapFields(
        Struct.pick([
          "session_id",
          "title",
          "status",
          "detail",
          "waiting_for",
          "waiting_for_count",
          "updated",
          "directory",
          "parent_session_id",
        ]),
      ),
    ),
    "Sessions that are not idle, most recently updated first",
  ),
  active_count: field(count, "Number of sessions that are not idle"),
  idle_count: field(count, "Number of idle sessions in the directories that were checked"),
  ...unreadableFields,
  broken_directories: BrokenDirectories,
  unchecked_count: opt(field(count, "Number of older sessions in directories that were not checked")),
  ...pageFields,
})
export type StatusView = typeof StatusView.Type
