/** Messages and their parts, as `GET /session/:id/message` and the events give them. Times are epoch milliseconds. */
import { Schema } from "effect"
import { MessageId, SessionId } from "../Identifiers.ts"
import { Tokens } from "./Session.ts"
import { tolerantArray, Unrecognised } from "../v1/Unrecognised.ts"

const opt = Schema.optionalKey

/**
 * Why a message or a session failed. Only what may be shown is picked out: the provider's response headers and body,
 * which opencode sends along, can hold private data.
 */
export const Failure = Schema.Struct({
  /** For example `APIError`, `ProviderAuthError`, `MessageAbortedError`, `UnknownError`. */
  name: Schema.String,
  data: opt(Schema.Struct({ message: opt(Schema.String), statusCode: opt(Schema.Finite) })),
})
export type Failure = typeof Failure.Type

export const UserInfo = Schema.Struct({
  id: MessageId,
  sessionID: SessionId,
  role: Schema.Literal("user"),
  time: Schema.Struct({ created: Schema.Finite }),
  agent: opt(Schema.String),
})
export type UserInfo = typeof UserInfo.Type

export const AssistantInfo = Schema.Struct({
  id: MessageId,
  sessionID: SessionId,
  role: Schema.Literal("assistant"),
  /** The user message that this one answers. A turn has one assistant message for each model step. */
  parentID: MessageId,
  time: Schema.Struct({ created: Schema.Finite, completed: opt(Schema.Finite) }),
  agent: opt(Schema.String),
  modelID: opt(Schema.String),
  providerID: opt(Schema.String),
  cost: opt(Schema.Finite),
  tokens: opt(Tokens),
  /** `stop`, `length`, `tool-calls`, … Written before `time.completed`, so it proves nothing by itself. */
  finish: opt(Schema.String),
  error: opt(Failure),
  /** A summary of the conversation, made when it is compacted. */
  summary: opt(Schema.Boolean),
})
export type AssistantInfo = typeof AssistantInfo.Type

export const MessageInfo = Schema.Union([UserInfo, AssistantInfo])
export type MessageInfo = typeof MessageInfo.Type

/** What every part has. */
const part = <const Type extends string, Fields extends Schema.Struct.Fields>(type: Type, fields: Fields) =>
  Schema.Struct({
    type: Schema.Literal(type),
    id: Schema.String,
    messageID: MessageId,
    ...fields,
  })

const Span = Schema.Struct({ start: Schema.Finite, end: opt(Schema.Finite) })

export const TextPart = part("text", { text: Schema.String, synthetic: opt(Schema.Boolean), time: opt(Span) })
export type TextPart = typeof TextPart.Type

export const ReasoningPart = part("reasoning", { text: Schema.String, time: opt(Span) })
export type ReasoningPart = typeof ReasoningPart.Type

export const FilePart = part("file", { mime: Schema.String, filename: opt(Schema.String) })

const Input = Schema.Record(Schema.String, Schema.Unknown)

export const ToolState = Schema.Union([
  Schema.Struct({ status: Schema.Literal("pending"), input: Input }),
  Schema.Struct({ status: Schema.Literal("running"), input: Input }),
  Schema.Struct({
    status: Schema.Literal("completed"),
    input: Input,
    output: Schema.String,
  }),
  Schema.Struct({ status: Schema.Literal("error"), input: Input, error: Schema.String }),
])
export type ToolState = typeof ToolState.Type

export const ToolPart = part("tool", { tool: Schema.String, callID: Schema.String, state: ToolState })
export type ToolPart = typeof ToolPart.Type

/** Files that a step changed, as absolute paths. */
export const PatchPart = part("patch", { files: Schema.Array(Schema.String) })

export const SubtaskPart = part("subtask", { description: Schema.String, agent: Schema.String })

/** A user message with it asks for a summary of the conversation; `auto` if opencode asks by itself. */
export const CompactionPart = part("compaction", { auto: opt(Schema.Boolean) })

export const Part = Schema.Union([
  TextPart,
  ReasoningPart,
  FilePart,
  ToolPart,
  PatchPart,
  SubtaskPart,
  CompactionPart,
  Unrecognised,
])
export type Part = typeof Part.Type

export const Message = Schema.Struct({ info: MessageInfo, parts: Schema.Array(Part) })
export type Message = typeof Message.Type

export const Messages = tolerantArray(Message)
