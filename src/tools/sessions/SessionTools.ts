/** The tools that show the sessions of an instance and what they are doing, and the tools that create one. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { annotations, readOnly } from "../shared/annotations.ts"
import { CreateFailure, InstanceFailure, SessionFailure } from "../shared/failures.ts"
import { Instance, limit, offset, offsetOf, SessionReference, optionalText } from "../shared/parameters.ts"
import { ConversationView } from "./conversationSchemas.ts"
import { renderConversation } from "./renderConversation.ts"
import { renderCreated, renderSessions } from "./renderSessions.ts"
import { renderStatus } from "./renderStatus.ts"
import { CreatedView, SessionsView, StatusView } from "./sessionSchemas.ts"

export const ListSessions = Tool.make("list_sessions", {
  description: "List an instance's sessions (conversations), newest first.",
  parameters: Schema.Struct({
    instance: Instance,
    search: optionalText(
      Schema.String.annotate({
        description: "Part of title or id; a session's id shows all its subagents",
      }),
    ),
    directory: optionalText(Schema.String.annotate({ description: "In this directory or below" })),
    limit: limit(200, 20),
    offset,
  }),
  success: SessionsView,
  failure: InstanceFailure,
  failureMode: "return",
  toModelOutput: (view: SessionsView) => [Prompt.textPart({ text: renderSessions(view) })],
}).annotateMerge(readOnly("List sessions"))

export const GetSession = Tool.make("get_session", {
  description:
    "Read a session's conversation: its newest messages, with tool calls, errors and cost. `before` pages back.",
  parameters: Schema.Struct({
    instance: Instance,
    session_id: SessionReference,
    message_limit: limit(100, 20),
    before: optionalText(Schema.String.annotate({ description: "`before` of an earlier answer" })),
    message_id: optionalText(Schema.String.annotate({ description: "Read this message in full" })),
    offset: offsetOf("With message_id: characters to skip"),
  }),
  success: ConversationView,
  failure: SessionFailure,
  failureMode: "return",
  toModelOutput: (view: ConversationView) => [Prompt.textPart({ text: renderConversation(view) })],
}).annotateMerge(readOnly("Read a session"))

export const CreateSession = Tool.make("create_session", {
  description: "Create an empty session. send_message then gives it work.",
  parameters: Schema.Struct({
    instance: Instance,
    title: optionalText(
      Schema.String.check(Schema.isMaxLength(500)).annotate({
        description: "Else from the first message",
      }),
    ),
    directory: optionalText(Schema.String.annotate({ description: "Absolute path" })),
    agent: optionalText(Schema.String.annotate({ description: 'Such as "plan"' })),
    model: optionalText(Schema.String.annotate({ description: "provider/model" })),
    worktree: optionalText(Schema.String.annotate({ description: "Name of a new git worktree to work in" })),
    permissions: Schema.optionalKey(
      Schema.Array(
        Schema.Struct({
          permission: Schema.String.annotate({ description: 'Such as "bash"' }),
          pattern: Schema.String.annotate({ description: 'Such as "npm *"' }),
          action: Schema.Literals(["allow", "ask", "deny"]).annotate({ description: "Action" }),
        }),
      ).annotate({ description: "Your human confirms what they allow" }),
    ),
  }),
  success: CreatedView,
  failure: CreateFailure,
  failureMode: "return",
  toModelOutput: (view: CreatedView) => [Prompt.textPart({ text: renderCreated(view) })],
}).annotateMerge(
  annotations("Create a session", { readOnly: false, destructive: false, idempotent: false, openWorld: false }),
)

export const ForkSession = Tool.make("fork_session", {
  description: "Copy a session's conversation into a new session.",
  parameters: Schema.Struct({
    instance: Instance,
    session_id: SessionReference,
    message_id: optionalText(Schema.String.annotate({ description: "Copy only what is before this message" })),
  }),
  success: CreatedView,
  failure: SessionFailure,
  failureMode: "return",
  toModelOutput: (view: CreatedView) => [Prompt.textPart({ text: renderCreated(view) })],
}).annotateMerge(
  annotations("Fork a session", { readOnly: false, destructive: false, idempotent: false, openWorld: false }),
)

export const GetStatus = Tool.make("get_status", {
  description: "Show which sessions of an instance are busy, retrying or waiting for a person.",
  parameters: Schema.Struct({ instance: Instance, offset }),
  success: StatusView,
  failure: InstanceFailure,
  failureMode: "return",
  toModelOutput: (view: StatusView) => [Prompt.textPart({ text: renderStatus(view) })],
}).annotateMerge(readOnly("Status of an instance"))

export const SessionTools = Toolkit.make(ListSessions, GetSession, CreateSession, ForkSession, GetStatus)
