/** Sessions, as `GET /api/session` has them. */
import { Schema, SchemaTransformation } from "effect"
import { MessageId, SessionId } from "../../Identifiers.ts"
import type { Session } from "../../sessions/Session.ts"
import { WireModel } from "./WireModel.ts"

const opt = Schema.optionalKey

/** The title of a session that has none yet: opencode makes one during the first turn. */
export const untitled = "New session"

const common = {
  id: SessionId,
  parentID: opt(SessionId),
  time: Schema.Struct({ created: Schema.Finite, updated: Schema.Finite, archived: opt(Schema.Finite) }),
}

export const WireSession = Schema.Struct({
  ...common,
  title: opt(Schema.String),
  location: Schema.Struct({ directory: Schema.String }),
  revert: opt(Schema.Struct({ messageID: MessageId })),
  /** Absent until one is chosen. */
  agent: opt(Schema.String),
  /** Absent until one is chosen. */
  model: opt(WireModel),
})
export type WireSession = typeof WireSession.Type

const DomainSession = Schema.toType(
  Schema.Struct({ ...common, title: Schema.String, directory: Schema.String, undoneFrom: opt(MessageId) }),
)

/** Decodes to the domain's `Session`. */
export const WireSessionInfo = WireSession.pipe(
  Schema.decodeTo(
    DomainSession,
    SchemaTransformation.transform<Session, WireSession>({
      decode: ({ id, location: { directory }, parentID, revert, time, title = untitled }) => ({
        id,
        title,
        directory,
        time,
        ...(parentID === undefined ? {} : { parentID }),
        ...(revert === undefined ? {} : { undoneFrom: revert.messageID }),
      }),
      encode: ({ directory, undoneFrom, ...session }) => ({
        ...session,
        location: { directory },
        ...(undoneFrom === undefined ? {} : { revert: { messageID: undoneFrom } }),
      }),
    }),
  ),
)
