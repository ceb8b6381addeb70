/** The events of `GET /api/event` that concern turns. */
import { Schema } from "effect"
import { MessageId, PermissionId, QuestionId, SessionId } from "../../Identifiers.ts"
import { WireError, WireTokens, WireToolContent, WireToolMetadata } from "./WireMessage.ts"
import { WireModel } from "./WireModel.ts"
import { WireForm, WirePermission } from "./WireRequest.ts"

const opt = Schema.optionalKey

/** The fields that all events share. */
export const WireEnvelope = Schema.Struct({
  type: Schema.String,
  /** Epoch milliseconds. */
  created: opt(Schema.Finite),
  /** The position among the events of one session, without gaps; some events have none. */
  durable: opt(Schema.Struct({ aggregateID: Schema.String, seq: Schema.Int })),
  data: opt(Schema.Struct({ sessionID: opt(SessionId) })),
})
export type WireEnvelope = typeof WireEnvelope.Type

const event = <const Type extends string, Fields extends Schema.Struct.Fields>(type: Type, fields: Fields) =>
  Schema.Struct({ type: Schema.Literal(type), data: Schema.Struct(fields) })

const session = { sessionID: SessionId }

/** One step of the model, which is one assistant message. */
const step = { ...session, assistantMessageID: MessageId }

/** One of several texts of the step. Texts and reasoning are counted separately. */
const block = { ...step, ordinal: Schema.Int }

const tool = { ...step, id: Schema.String }

const Usage = { cost: opt(Schema.Finite), tokens: opt(WireTokens), files: opt(Schema.Array(Schema.String)) }

export const WireEvent = Schema.Union([
  event("server.connected", {}),
  event("session.created", { ...session, parentID: opt(SessionId) }),
  event("session.deleted", session),
  event("session.inbox.enqueued", {
    ...session,
    inboxID: MessageId,
    item: Schema.Struct({
      /** `user`, `synthetic`, `compaction`, … */
      type: Schema.String,
      payload: opt(
        Schema.Struct({ text: opt(Schema.String), metadata: opt(Schema.Record(Schema.String, Schema.Unknown)) }),
      ),
    }),
  }),
  event("session.inbox.delivered", { ...session, inboxID: MessageId }),
  event("session.inbox.cancelled", { ...session, inboxID: MessageId }),
  event("session.execution.started", session),
  event("session.execution.succeeded", session),
  event("session.execution.failed", { ...session, error: WireError }),
  /** `user`, `shutdown`, `inactivity`, `superseded` */
  event("session.execution.interrupted", { ...session, reason: Schema.String }),
  event("session.retry.scheduled", { ...step, attempt: Schema.Finite, at: Schema.Finite, error: WireError }),
  event("session.step.started", { ...step, agent: Schema.String, model: WireModel, started: opt(Schema.Finite) }),
  event("session.step.ended", { ...step, finish: Schema.String, ...Usage }),
  event("session.step.failed", { ...step, error: WireError, ...Usage }),
  event("session.text.started", block),
  event("session.text.delta", { ...block, delta: Schema.String }),
  event("session.text.ended", { ...block, text: Schema.String }),
  event("session.reasoning.started", block),
  event("session.reasoning.delta", { ...block, delta: Schema.String }),
  event("session.reasoning.ended", { ...block, text: Schema.String }),
  event("session.tool.input.started", { ...tool, name: Schema.String }),
  event("session.tool.called", { ...tool, input: Schema.Record(Schema.String, Schema.Unknown) }),
  /** A subagent's tool call names the session that works for it. */
  event("session.tool.progress", { ...tool, metadata: opt(Schema.Struct({ sessionID: opt(SessionId) })) }),
  event("session.tool.success", { ...tool, content: WireToolContent, metadata: opt(WireToolMetadata) }),
  event("session.tool.failed", { ...tool, error: WireError }),
  Schema.Struct({ type: Schema.Literal("permission.asked"), data: WirePermission }),
  event("permission.replied", { ...session, requestID: PermissionId }),
  event("form.created", { form: WireForm }),
  event("form.replied", { ...session, id: QuestionId }),
  event("form.cancelled", { ...session, id: QuestionId }),
])
export type WireEvent = typeof WireEvent.Type
