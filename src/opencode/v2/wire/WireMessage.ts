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
export const WireToolContent = tolerantArray(
  Schema.Union([
    Schema.Struct({ type: Schema.Literal("text"), text: Schema.String }),
    Schema.Struct({ type: Schema.Literal("file") }),
  ]),
)

/** `status` is `running` if the call returned and its work continues in the background; see `toolReport.ts` for the rest. */
export const WireToolMetadata = Schema.Struct({
  status: opt(Schema.Unknown),
  exit: opt(Schema.Unknown),
  files: opt(Schema.Unknown),
})

const WireToolState = Schema.Union([
  /** The input is the JSON as far as the model has written it. */
  Schema.Struct({ status: Schema.Literal("streaming") }),
  Schema.Struct({ status: Schema.Literal("running"), input: Input }),
  Schema.Struct({
    status: Schema.Literal("completed"),
    input: Input,
    content: WireToolContent,
    metadata: opt(WireToolMetadata),
  }),
  Schema.Struct({ status: Schema.Literal("error"), input: Input, error: WireError }),
])
export type WireToolState = typeof WireToolState.Type

/** Entries of an answer's content have no ids, but a tool call has the one that the model gave it. */
const WireContent = Schema.Union([
  /** Empty while it is streaming. */
  Schema.Struct({ type: Schema.Literal("text"), text: Schema.String }),
  Schema.Struct({ type: Schema.Literal("reasoning"), text: Schema.String }),
  Schema.Struct({
    type: Schema.Literal("tool"),
    id: Schema.String,
    name: Schema.String,
    state: WireToolState,
    time: opt(Schema.Struct({ created: Schema.Finite, ran: opt(Schema.Finite), completed: opt(Schema.Finite) })),
  }),
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
  time: Schema.Struct({ created: Schema.Finite, streamed: opt(Schema.Finite), completed: opt(Schema.Finite) }),
  agent: Schema.String,
  model: WireModel,
  content: tolerantArray(WireContent),
  /** Absent if opencode records no state of the files. `files` are relative to the root of the working tree. */
  snapshot: opt(Schema.Struct({ start: opt(Schema.String), files: opt(Schema.Array(Schema.String)) })),
  finish: opt(Schema.String),
  cost: opt(Schema.Finite),
  tokens: opt(WireTokens),
  error: opt(WireError),
  /** While opencode waits to retry the provider. `attempt` is the number of the next try, `at` its time. */
  retry: opt(Schema.Struct({ attempt: Schema.Finite, at: Schema.Finite, error: WireError })),
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

/** What opencode itself told the agent: after a restart, after an answer that broke off, or when background work ended. */
export const WireSynthetic = Schema.Struct({
  type: Schema.Literal("synthetic"),
  id: MessageId,
  time: Schema.Struct({ created: Schema.Finite }),
  text: Schema.String,
  description: opt(Schema.String),
})
export type WireSynthetic = typeof WireSynthetic.Type

const compaction = {
  type: Schema.Literal("compaction"),
  id: MessageId,
  time: Schema.Struct({ created: Schema.Finite }),
}

/** A summary that replaces the older entries for the model. */
export const WireCompaction = Schema.Union([
  Schema.Struct({ ...compaction, status: Schema.Literals(["running", "completed"]), summary: Schema.String }),
  Schema.Struct({ ...compaction, status: Schema.Literal("failed"), error: WireError }),
])
export type WireCompaction = typeof WireCompaction.Type

/** Entries that start no turn, answer none, and are not shown. */
const WireOther = Schema.Struct({
  type: Schema.Literals(["agent-switched", "model-switched", "location-switched", "system", "skill", "shell"]),
  id: MessageId,
})

export const WireEntry = Schema.Union([WireUser, WireAssistant, WireIdle, WireSynthetic, WireCompaction, WireOther])
export type WireEntry = typeof WireEntry.Type
