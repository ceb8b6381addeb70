/** What a turn waits for a person to decide: `GET /permission` and `GET /question`, and the `….asked` events. */
import { Schema } from "effect"
import { MessageId, PermissionId, QuestionId, SessionId } from "../Identifiers.ts"

/** The tool call that waits. */
const tool = Schema.optionalKey(Schema.Struct({ messageID: MessageId }))

export const PermissionRequest = Schema.Struct({
  id: PermissionId,
  sessionID: SessionId,
  tool,
  /** The kind of action: `bash`, `edit`, `webfetch`, … */
  permission: Schema.String,
  /** What exactly: commands, paths, addresses. Of a command line with several commands each is one. */
  patterns: Schema.Array(Schema.String),
  /** What is allowed from then on, in all sessions of the directory, if the reply is `always`. */
  always: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Of `bash` the whole `command`, of `edit` the `filepath` and the `diff`, … */
  metadata: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
})
export type PermissionRequest = typeof PermissionRequest.Type

/** `always` holds for all sessions of the directory until that opencode ends; a rejection ends the turn, unless it has a message. */
export const PermissionReply = Schema.Struct({
  reply: Schema.Literals(["once", "always", "reject"]),
  /** Told to the agent with a rejection, which then goes on. */
  message: Schema.optionalKey(Schema.String),
})
export type PermissionReply = typeof PermissionReply.Type

export const Question = Schema.Struct({
  question: Schema.String,
  header: Schema.optionalKey(Schema.String),
  options: Schema.Array(Schema.Struct({ label: Schema.String, description: Schema.optionalKey(Schema.String) })),
  /** Whether several options may be chosen. */
  multiple: Schema.optionalKey(Schema.Boolean),
  /** Whether an answer of one's own may be given; yes unless it says no. */
  custom: Schema.optionalKey(Schema.Boolean),
})
export type Question = typeof Question.Type

export const QuestionRequest = Schema.Struct({
  id: QuestionId,
  sessionID: SessionId,
  tool,
  questions: Schema.Array(Question),
})
export type QuestionRequest = typeof QuestionRequest.Type

export type PendingRequest =
  | { readonly kind: "permission"; readonly request: PermissionRequest }
  | { readonly kind: "question"; readonly request: QuestionRequest }

/** A pending request in one line. */
export const describe = ({ kind, request }: PendingRequest): string =>
  kind === "permission"
    ? `permission for ${request.permission}: ${request.patterns.join(", ")}`
    : `question: ${request.questions.map(({ question }) => question).join(" / ")}`
