/** Sessions and their status, as `GET /session` and `GET /session/status` give them. Times are epoch milliseconds. */
import { Schema, SchemaTransformation } from "effect"
import { MessageId, SessionId } from "../Identifiers.ts"

export const Tokens = Schema.Struct({
  input: Schema.Finite,
  output: Schema.Finite,
  reasoning: Schema.Finite,
})
export type Tokens = typeof Tokens.Type

export const Session = Schema.Struct({
  id: SessionId,
  title: Schema.String,
  /** The directory that the session works in. Status, permissions and questions are kept per exact directory. */
  directory: Schema.String,
  /** Only sessions of subagents have one. */
  parentID: Schema.optionalKey(SessionId),
  /** From this message on all is undone (`/undo` in the terminal). The messages are there until the next prompt. */
  revert: Schema.optionalKey(Schema.Struct({ messageID: MessageId })),
  time: Schema.Struct({
    created: Schema.Finite,
    updated: Schema.Finite,
    archived: Schema.optionalKey(Schema.Finite),
  }),
})
export type Session = typeof Session.Type

/** A status of a later opencode. Whatever it says, the session is not idle. */
const OtherStatus = Schema.Struct({ type: Schema.String }).pipe(
  Schema.decodeTo(
    Schema.Struct({ type: Schema.Literal("busy") }),
    SchemaTransformation.transform<{ readonly type: "busy" }, { readonly type: string }>({
      decode: () => ({ type: "busy" }),
      encode: (status) => status,
    }),
  ),
)

/** An idle session is absent from the map of `GET /session/status`. A session that waits for a person is `busy`. */
export const SessionStatus = Schema.Union([
  Schema.Struct({ type: Schema.Literal("idle") }),
  Schema.Struct({ type: Schema.Literal("busy") }),
  Schema.Struct({
    type: Schema.Literal("retry"),
    attempt: Schema.Finite,
    message: Schema.String,
    /** When the next attempt begins: absolute epoch milliseconds. */
    next: Schema.Finite,
  }),
  OtherStatus,
])
export type SessionStatus = typeof SessionStatus.Type
