/**
 * The events of `GET /global/event` that this program follows. All others decode as {@link Unrecognised}: the stream
 * must never end because of one frame.
 */
import { Schema, SchemaTransformation } from "effect"
import { MessageId, PermissionId, QuestionId, SessionId } from "../Identifiers.ts"
import { Failure, MessageInfo, Part } from "../sessions/Message.ts"
import { PermissionRequest, QuestionRequest } from "../requests/PendingRequest.ts"
import { Session, SessionStatus } from "../sessions/Session.ts"
import { Unrecognised } from "./Unrecognised.ts"

const event = <const Type extends string, Fields extends Schema.Struct.Fields>(
  type: Type,
  properties: Schema.Struct<Fields>,
) => Schema.Struct({ type: Schema.Literal(type), properties })

const resolved = { sessionID: SessionId, requestID: Schema.Union([PermissionId, QuestionId]) }

export const OpencodeEvent = Schema.Union([
  event("server.connected", Schema.Struct({})),
  event("server.heartbeat", Schema.Struct({})),
  event("server.instance.disposed", Schema.Struct({})),
  event("session.created", Schema.Struct({ info: Session })),
  event("session.updated", Schema.Struct({ info: Session })),
  event("session.deleted", Schema.Struct({ info: Session })),
  event("session.status", Schema.Struct({ sessionID: SessionId, status: SessionStatus })),
  event("session.idle", Schema.Struct({ sessionID: SessionId })),
  event(
    "session.error",
    Schema.Struct({ sessionID: Schema.optionalKey(SessionId), error: Schema.optionalKey(Failure) }),
  ),
  event("message.updated", Schema.Struct({ info: MessageInfo })),
  event("message.part.updated", Schema.Struct({ part: Part })),
  event(
    "message.part.delta",
    Schema.Struct({ messageID: MessageId, partID: Schema.String, field: Schema.String, delta: Schema.String }),
  ),
  event("permission.asked", PermissionRequest),
  event("permission.replied", Schema.Struct(resolved)),
  event("question.asked", QuestionRequest),
  event("question.replied", Schema.Struct(resolved)),
  event("question.rejected", Schema.Struct(resolved)),
  Unrecognised,
])
export type OpencodeEvent = typeof OpencodeEvent.Type

/** One frame of the stream. Decoding cannot fail. */
export const GlobalEvent = Schema.Union([
  Schema.Struct({ directory: Schema.optionalKey(Schema.String), payload: OpencodeEvent }),
  Schema.Unknown.pipe(
    Schema.decodeTo(
      Schema.Struct({
        payload: Schema.Struct({ type: Schema.Literal("unrecognised"), raw: Schema.Unknown }),
      }),
      SchemaTransformation.transform({
        decode: (raw) => ({ payload: { type: "unrecognised" as const, raw } }),
        encode: (frame) => frame.payload.raw,
      }),
    ),
  ),
])
export type GlobalEvent = typeof GlobalEvent.Type
