/** Pending permissions and forms, as in their lists and events. */
import { Schema } from "effect"
import { MessageId, PermissionId, QuestionId, SessionId } from "../../Identifiers.ts"
import { tolerantArray } from "../../http/tolerantArray.ts"

const opt = Schema.optionalKey

/** The waiting tool call. */
const WireTool = Schema.Struct({ messageID: MessageId, id: Schema.String })

export const WirePermission = Schema.Struct({
  id: PermissionId,
  sessionID: SessionId,
  /** `shell`, `edit`, `read`, `external_directory`, … */
  action: Schema.String,
  resources: Schema.Array(Schema.String),
  /** What the reply `always` would allow from then on. */
  save: opt(Schema.Array(Schema.String)),
  /** An edit has `files`; a shell command has nothing. */
  metadata: opt(Schema.Record(Schema.String, Schema.Unknown)),
  source: opt(WireTool),
  message: opt(Schema.String),
})
export type WirePermission = typeof WirePermission.Type

/**
 * `once`; `always`, which opencode stores for the project; `reject`. Without a message, `reject` ends the turn, but a restarted
 * service resumes it. With a message the turn continues, but opencode does not pass the message on.
 */
export const WirePermissionReply = Schema.Struct({
  decision: Schema.Literals(["once", "always", "reject"]),
  message: opt(Schema.String),
})

const field = <const Type extends string, Fields extends Schema.Struct.Fields>(type: Type, fields: Fields) =>
  Schema.Struct({
    type: Schema.Literal(type),
    key: Schema.String,
    title: opt(Schema.String),
    description: opt(Schema.String),
    hidden: opt(Schema.Boolean),
    ...fields,
  })

const Options = Schema.Array(
  Schema.Struct({ value: Schema.String, label: Schema.String, description: opt(Schema.String) }),
)

/** A link, which has no answer. */
const WireLink = Schema.Struct({ type: Schema.Literal("external"), key: Schema.String })

/** The fields that have an answer. */
const WireField = Schema.Union([
  field("string", { options: opt(Options), custom: opt(Schema.Boolean) }),
  field("multiselect", { options: Options, custom: opt(Schema.Boolean) }),
  field("boolean", {}),
  field("number", {}),
  field("integer", {}),
])
export type WireField = typeof WireField.Type

export const WireForm = Schema.Struct({
  id: QuestionId,
  sessionID: SessionId,
  title: Schema.String,
  metadata: opt(Schema.Struct({ tool: opt(WireTool) })),
  fields: tolerantArray(Schema.Union([WireField, WireLink])),
})
export type WireForm = typeof WireForm.Type

export const WireFormValue = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.Array(Schema.String)])
export type WireFormValue = typeof WireFormValue.Type
