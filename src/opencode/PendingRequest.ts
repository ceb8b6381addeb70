/** What a turn waits for a person to decide: `GET /permission` and `GET /question`, and the `….asked` events. */
import { Schema } from "effect"
import { MessageId, PermissionId, QuestionId, SessionId } from "./Identifiers.ts"

/** The tool call that waits. */
const tool = Schema.optionalKey(Schema.Struct({ messageID: MessageId }))

export const PermissionRequest = Schema.Struct({
  id: PermissionId,
  sessionID: SessionId,
  tool,
  /** The kind of action: `bash`, `edit`, `webfetch`, … */
  permission: Schema.String,
  /** What exactly: commands, paths, addresses. */
  patterns: Schema.Array(Schema.String),
})
export type PermissionRequest = typeof PermissionRequest.Type

export const QuestionRequest = Schema.Struct({
  id: QuestionId,
  sessionID: SessionId,
  tool,
  questions: Schema.Array(
    Schema.Struct({
      question: Schema.String,
      header: Schema.optionalKey(Schema.String),
      options: Schema.Array(Schema.Struct({ label: Schema.String, description: Schema.optionalKey(Schema.String) })),
    }),
  ),
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
