/** Sessions, as in `GET /api/session`. */
import { Schema } from "effect"
import { MessageId, SessionId } from "../../Identifiers.ts"
import { WireModel } from "./WireModel.ts"

const opt = Schema.optionalKey

export const WireSession = Schema.Struct({
  id: SessionId,
  parentID: opt(SessionId),
  /** `idle` is the end of the last turn. `updated` is that of the last prompt or change, and not of the end of a turn. */
  time: Schema.Struct({
    created: Schema.Finite,
    updated: Schema.Finite,
    archived: opt(Schema.Finite),
    idle: opt(Schema.Finite),
  }),
  /** Absent until the first turn gives it one. */
  title: opt(Schema.String),
  location: Schema.Struct({ directory: Schema.String }),
  revert: opt(Schema.Struct({ messageID: MessageId })),
  /** Absent until one is chosen. */
  agent: opt(Schema.String),
  /** Absent until one is chosen. */
  model: opt(WireModel),
  metadata: opt(Schema.Record(Schema.String, Schema.Unknown)),
})
export type WireSession = typeof WireSession.Type
