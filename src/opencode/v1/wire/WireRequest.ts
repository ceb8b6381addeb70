/** Pending requests, as in `GET /permission`, `GET /question` and the `….asked` events. */
import { Schema, SchemaTransformation, Struct } from "effect"
import { MessageId, PermissionId, QuestionId, SessionId } from "../../Identifiers.ts"
import type { PermissionRequest } from "../../requests/PendingRequest.ts"
import { detailsFrom } from "../../requests/toolArguments.ts"

const opt = Schema.optionalKey

const tool = opt(Schema.Struct({ messageID: MessageId, callID: opt(Schema.String) }))

const permission = {
  id: PermissionId,
  sessionID: SessionId,
  tool,
  permission: Schema.String,
  patterns: Schema.Array(Schema.String),
  always: opt(Schema.Array(Schema.String)),
}

const RawPermissionRequest = Schema.Struct({
  ...permission,
  metadata: opt(Schema.Record(Schema.String, Schema.Unknown)),
})

/** Lists that repeat the patterns or the diff. */
const repeated = ["patterns", "directories", "files"]

/** Decodes to the domain's `PermissionRequest`. */
export const WirePermissionRequest = RawPermissionRequest.pipe(
  Schema.decodeTo(
    Schema.toType(Schema.Struct({ ...permission, details: opt(Schema.Record(Schema.String, Schema.String)) })),
    SchemaTransformation.transform<PermissionRequest, typeof RawPermissionRequest.Type>({
      decode: ({ metadata, ...request }) => ({
        ...request,
        ...(metadata === undefined ? {} : { details: detailsFrom(Struct.omit(metadata, repeated)) }),
      }),
      encode: ({ details, ...request }) => (details === undefined ? request : { ...request, metadata: details }),
    }),
  ),
)

/** `always` is kept in memory, for all sessions of the directory, until opencode ends. */
export const WirePermissionReply = Schema.Struct({
  reply: Schema.Literals(["once", "always", "reject"]),
  message: opt(Schema.String),
})

/** Decodes to the domain's `QuestionRequest`. */
export const WireQuestionRequest = Schema.Struct({
  id: QuestionId,
  sessionID: SessionId,
  tool,
  questions: Schema.Array(
    Schema.Struct({
      question: Schema.String,
      header: opt(Schema.String),
      options: Schema.Array(Schema.Struct({ label: Schema.String, description: opt(Schema.String) })),
      multiple: opt(Schema.Boolean),
      custom: opt(Schema.Boolean),
    }),
  ),
})
