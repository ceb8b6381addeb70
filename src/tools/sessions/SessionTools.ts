/** The tools that show sessions, and the one that makes a new one. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { annotations, reads } from "../shared/annotations.ts"
import { InstanceFailure, SessionFailure } from "../shared/failures.ts"
import { answered, count, field, Instance, limit, SessionReference } from "../shared/parameters.ts"
import { renderConversation } from "./renderConversation.ts"
import { renderCreated, renderSessions } from "./renderSessions.ts"

const opt = Schema.optionalKey

/** What a person has to decide. */
export const WaitingView = Schema.Struct({
  kind: field(Schema.Literals(["permission", "question"]), "Which of the two"),
  id: field(Schema.String, "Its id"),
  session_id: field(Schema.String, "The session that asks; it may be a subagent's"),
  about: field(Schema.String, "What it is about; clipped"),
})
export type WaitingView = typeof WaitingView.Type

export const SessionView = Schema.Struct({
  id: field(Schema.String, "Full id; pass it as `session_id`"),
  title: field(Schema.String, "Title; opencode makes one from the first message where none was given"),
  status: field(
    Schema.Literals(["idle", "busy", "retry", "waiting"]),
    "idle; busy; retry (the provider failed and is asked again); waiting (for a person's permission or answer)",
  ),
  detail: opt(field(Schema.String, "What a retry or a waiting session is about")),
  waiting_for: opt(
    field(Schema.Array(WaitingView), "What it and its subagents wait for a person to decide; of many the first"),
  ),
  messages: opt(field(count, "Number of messages; absent if it could not be read")),
  more_messages: opt(field(Schema.Boolean, "Whether there are more messages than `messages` says")),
  created: field(Schema.String, "ISO 8601"),
  updated: field(Schema.String, "ISO 8601"),
  age: field(Schema.String, "How long ago it was updated"),
  directory: field(Schema.String, "The directory that it works in"),
  undone_from: opt(
    field(
      Schema.String,
      "Id of the message from which on all was undone; the next message sent removes what is undone",
    ),
  ),
  parent_id: opt(field(Schema.String, "The session whose subagent works in this one")),
})
export type SessionView = typeof SessionView.Type

export const SessionsView = Schema.Struct({
  instance: answered,
  total: field(count, "Number of sessions, without those of subagents"),
  matching: field(count, "Number of those that match the search"),
  sessions: field(Schema.Array(SessionView), "Updated last first; sessions of subagents follow the one they work for"),
})
export type SessionsView = typeof SessionsView.Type

export const ListSessions = Tool.make("list_sessions", {
  description:
    "List the sessions (conversations) of an opencode instance: id, title, number of messages, status, age. Updated last first.",
  parameters: Schema.Struct({
    instance: Instance,
    search: opt(Schema.String.annotate({ description: "Only those whose title or id holds this, ignoring case" })),
    limit: limit(200, "How many to show, those of subagents not counted (default 20)"),
  }),
  success: SessionsView,
  failure: InstanceFailure,
  failureMode: "return",
  toModelOutput: (view: SessionsView) => [Prompt.textPart({ text: renderSessions(view) })],
}).annotateMerge(reads("List sessions"))

export const PartView = Schema.Struct({
  kind: field(Schema.Literals(["text", "reasoning", "tool", "file", "changes", "subtask", "compaction"]), "What it is"),
  text: field(Schema.String, "The text; of a tool its output or error; of files their paths. Clipped where it is long"),
  tool: opt(field(Schema.String, "Name of the tool that was called")),
  state: opt(field(Schema.Literals(["pending", "running", "completed", "error"]), "How the tool call stands")),
  input: opt(field(Schema.String, "What the tool was called with, as JSON. Clipped where it is long")),
})
export type PartView = typeof PartView.Type

export const MessageView = Schema.Struct({
  id: field(Schema.String, "Id of the message"),
  role: field(Schema.Literals(["user", "assistant"]), "Who wrote it"),
  created: field(Schema.String, "ISO 8601"),
  completed: field(Schema.Boolean, "False while an answer is being written, or if it was broken off"),
  agent: opt(field(Schema.String, "Agent that answers or answered")),
  model: opt(field(Schema.String, "provider/model")),
  parts: field(Schema.Array(PartView), "What it is made of, in order; of very many the newest"),
  error: opt(field(Schema.String, "Why the answer failed, in the provider's words")),
  input_tokens: opt(field(Schema.Finite, "Tokens read")),
  output_tokens: opt(field(Schema.Finite, "Tokens written")),
  cost: opt(field(Schema.Finite, "US dollars, as opencode reckons it")),
})
export type MessageView = typeof MessageView.Type

export const ConversationView = Schema.Struct({
  instance: answered,
  session: field(SessionView, "The session itself"),
  messages: field(Schema.Array(MessageView), "Oldest first"),
  before: opt(field(Schema.String, "Pass it as `before` to read the messages before these; absent at the beginning")),
})
export type ConversationView = typeof ConversationView.Type

export const GetSession = Tool.make("get_session", {
  description:
    "Read a session as a conversation: who wrote what and when, tool calls with their state, errors, tokens and cost. The newest messages, oldest first; `before` reads further back.",
  parameters: Schema.Struct({
    instance: Instance,
    session_id: SessionReference,
    message_limit: limit(100, "How many messages to read (default 20)"),
    before: opt(Schema.String.annotate({ description: "What an earlier answer gave as `before`" })),
  }),
  success: ConversationView,
  failure: SessionFailure,
  failureMode: "return",
  toModelOutput: (view: ConversationView) => [Prompt.textPart({ text: renderConversation(view) })],
}).annotateMerge(reads("Read a session"))

export const CreatedView = Schema.Struct({ instance: answered, session: field(SessionView, "The new session") })
export type CreatedView = typeof CreatedView.Type

export const CreateSession = Tool.make("create_session", {
  description:
    "Start a new, empty session on an opencode instance. Then give it work with send_message. Without a title opencode makes one from the first message.",
  parameters: Schema.Struct({
    instance: Instance,
    title: opt(Schema.String.check(Schema.isBetweenLength(1, 500)).annotate({ description: "Title of the session" })),
  }),
  success: CreatedView,
  failure: InstanceFailure,
  failureMode: "return",
  toModelOutput: (view: CreatedView) => [Prompt.textPart({ text: renderCreated(view) })],
}).annotateMerge(
  annotations("Create a session", { readOnly: false, destructive: false, idempotent: false, openWorld: false }),
)

export const SessionTools = Toolkit.make(ListSessions, GetSession, CreateSession)
