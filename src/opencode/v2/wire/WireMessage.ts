/**
 * The entries of a session, as in `GET /api/session/:id/message`. `conversation.ts` converts them to the domain's messages,
 * because the meaning of an entry depends on its neighbours.
 */
import { Schema } from "effect"
import { MessageId } from "../../Identifiers.ts"
import { tolerantArray } from "../../http/tolerantArray.ts"
import type { Failure } from "../../sessions/Message.ts"
import { WireModel } from "./WireModel.ts"

const opt = Schema.optionalKey

/** The error type of stopped work. */
const aborted = "aborted"

export const WireError = Schema.Struct({
  /** For example `provider.auth`, `tool.execution`, `aborted`. */
  type: Schema.String,
  message: Schema.String,
  /** The HTTP status of the model's provider. */
  status: opt(Schema.Finite),
})
export type WireError = typeof WireError.Type

export const failureOf = ({ message, status, type }: WireError): Failure => ({
  kind: type === aborted ? "aborted" : "failed",
  message,
  ...(status === undefined ? {} : { status }),
})

export const WireTokens = Schema.Struct({ input: Schema.Finite, output: Schema.Finite, reasoning: Schema.Finite })

const Input = Schema.Record(Schema.String, Schema.Unknown)

/** What a tool returned: texts and files. */
export const WireToolContent = tolerantArray(Schema.Struct({ type: Schema.Literal("text"), text: Schema.String }))

const WireToolState = Schema.Union([
  /** The input is the JSON as far as the model has written it. */
  Schema.Struct({ status: Schema.Literal("streaming") }),
  Schema.Struct({ status: Schema.Literal("running"), input: Input }),
  Schema.Struct({ status: Schema.Literal("completed"), input: Input, content: WireToolContent }),
  Schema.Struct({ status: Schema.Literal("error"), input: Input, error: WireError }),
])
export type WireToolState = typeof WireToolState.Type

/** Entries of an answer's content have no ids, but a tool call has the one that the model gave it. */
const WireContent = Schema.Union([
  /** Empty while it is streaming. */
  Schema.Struct({ type: Schema.Literal("text"), text: Schema.String }),
  Schema.Struct({ type: Schema.Literal("reasoning"), text: Schema.String }),
  Schema.Struct({ type: Schema.Literal("tool"), id: Schema.String, name: Schema.String, state: WireToolState }),
])
export type WireContent = typeof WireContent.Type

export const WireUser = Schema.Struct({
  type: Schema.Literal("user"),
  id: MessageId,
  /** `created` is the moment at which the prompt was delivered. */
  time: Schema.Struct({ created: Schema.Finite }),
  text: Schema.String,
  metadata: opt(Schema.Record(Schema.String, Schema.Unknown)),
  files: opt(tolerantArray(Schema.Struct({ mime: Schema.String, name: opt(Schema.String) }))),
})
export type WireUser = typeof WireUser.Type

export const WireAssistant = Schema.Struct({
  type: Schema.Literal("assistant"),
  id: MessageId,
  time: Schema.Struct({ created: Schema.Finite, completed: opt(Schema.Finite) }),
  agent: Schema.String,
  model: WireModel,
  content: tolerantArray(WireContent),
  /** Absent if opencode records no state of the files. `files` are relative to the root of the working tree. */
  snapshot: opt(Schema.Struct({ start: opt(Schema.String), files: opt(Schema.Array(Schema.String)) })),
  finish: opt(Schema.String),
  cost: opt(Schema.Finite),
  tokens: opt(WireTokens),
  error: opt(WireError),
})
export type WireAssistant = typeof WireAssistant.Type

/** Marks that the session became idle. */
export const WireIdle = Schema.Struct({
  type: Schema.Literal("idle"),
  id: MessageId,
  time: Schema.Struct({ created: Schema.Finite }),
  outcome: Schema.String,
})
export type WireIdle = typeof WireIdle.Type

/** All other entries (`synthetic`, `compaction`, `shell`, `agent-switched`, …) start no turn and answer none. */
export const WireEntry = Schema.Union([WireUser, WireAssistant, WireIdle])
export type WireEntry = typeof WireEntry.Type
