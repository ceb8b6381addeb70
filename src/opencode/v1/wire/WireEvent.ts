/**
 * The events of `GET /global/event` that concern turns. All others decode as {@link Unrecognised}, because one unknown
 * frame must not end the stream.
 */
import { Schema, SchemaTransformation } from "effect"
import { MessageId, PermissionId, QuestionId, SessionId } from "../../Identifiers.ts"
import { Unrecognised } from "../../http/tolerantArray.ts"
import { WireFailure, WireMessageInfo, WirePart } from "./WireMessage.ts"
import { WirePermissionRequest, WireQuestionRequest } from "./WireRequest.ts"
import { WireSession, WireSessionStatus } from "./WireSession.ts"

const event = <const Type extends string, Fields extends Schema.Struct.Fields>(
  type: Type,
  properties: Schema.Struct<Fields>,
) => Schema.Struct({ type: Schema.Literal(type), properties })

const session = Schema.Struct({ info: WireSession })

const settled = Schema.Struct({ sessionID: SessionId, requestID: Schema.Union([PermissionId, QuestionId]) })

/** The properties decode to domain types. */
export const WireEvent = Schema.Union([
  event("server.connected", Schema.Struct({})),
  event("server.heartbeat", Schema.Struct({})),
  event("server.instance.disposed", Schema.Struct({})),
  event("session.created", session),
  event("session.updated", session),
  event("session.deleted", session),
  event("session.status", Schema.Struct({ sessionID: SessionId, status: WireSessionStatus })),
  event("session.idle", Schema.Struct({ sessionID: SessionId })),
  event(
    "session.error",
    Schema.Struct({ sessionID: Schema.optionalKey(SessionId), error: Schema.optionalKey(WireFailure) }),
  ),
  event("message.updated", Schema.Struct({ info: WireMessageInfo })),
  event("message.part.updated", Schema.Struct({ part: WirePart })),
  event(
    "message.part.delta",
    Schema.Struct({ messageID: MessageId, partID: Schema.String, field: Schema.String, delta: Schema.String }),
  ),
  Schema.Struct({ type: Schema.Literal("permission.asked"), properties: WirePermissionRequest }),
  event("permission.replied", settled),
  event("question.asked", WireQuestionRequest),
  event("question.replied", settled),
  event("question.rejected", settled),
  Unrecognised,
])
export type WireEvent = typeof WireEvent.Type

/** One frame of the stream. Decoding cannot fail. */
export const WireFrame = Schema.Union([
  Schema.Struct({ directory: Schema.optionalKey(Schema.String), payload: WireEvent }),
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
export type WireFrame = typeof WireFrame.Type
