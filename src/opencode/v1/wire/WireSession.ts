/** Sessions and their status, as in `GET /session` and `GET /session/status`. */
import { Schema, SchemaTransformation } from "effect"
import { MessageId, SessionId } from "../../Identifiers.ts"
import type { Session } from "../../sessions/Session.ts"

const opt = Schema.optionalKey

const common = {
  id: SessionId,
  title: Schema.String,
  directory: Schema.String,
  parentID: opt(SessionId),
  time: Schema.Struct({
    created: Schema.Finite,
    updated: Schema.Finite,
    archived: opt(Schema.Finite),
  }),
}

const RawSession = Schema.Struct({ ...common, revert: opt(Schema.Struct({ messageID: MessageId })) })

/** Decodes to the domain's `Session`. */
export const WireSession = RawSession.pipe(
  Schema.decodeTo(
    Schema.toType(Schema.Struct({ ...common, undoneFrom: opt(MessageId) })),
    SchemaTransformation.transform<Session, typeof RawSession.Type>({
      decode: ({ revert, ...session }) =>
        revert === undefined ? session : { ...session, undoneFrom: revert.messageID },
      encode: ({ undoneFrom, ...session }) =>
        undoneFrom === undefined ? session : { ...session, revert: { messageID: undoneFrom } },
    }),
  ),
)

/** An unknown status. It counts as busy, because the session is not idle. */
const OtherStatus = Schema.Struct({ type: Schema.String }).pipe(
  Schema.decodeTo(
    Schema.Struct({ type: Schema.Literal("busy") }),
    SchemaTransformation.transform<{ readonly type: "busy" }, { readonly type: string }>({
      decode: () => ({ type: "busy" }),
      encode: (status) => status,
    }),
  ),
)

/** Decodes to the domain's `SessionStatus`. Idle sessions are absent from the map of `GET /session/status`. */
export const WireSessionStatus = Schema.Union([
  Schema.Struct({ type: Schema.Literal("idle") }),
  Schema.Struct({ type: Schema.Literal("busy") }),
  Schema.Struct({
    type: Schema.Literal("retry"),
    attempt: Schema.Finite,
    message: Schema.String,
    next: Schema.Finite,
  }),
  OtherStatus,
])
