/** Messages and their parts, as in `GET /session/:id/message` and the events. They decode to domain types. */
import { Schema, SchemaTransformation } from "effect"
import { MessageId, SessionId } from "../../Identifiers.ts"
import type { AssistantInfo, Failure, NotePart, StepPart, ToolState } from "../../sessions/Message.ts"
import { joinModel, splitModel } from "./model.ts"
import { isUnrecognised, tolerantArray, typed, Unrecognised } from "../../http/tolerantArray.ts"
import { metadataOf, reportOf } from "../../http/toolReport.ts"
import { typeOf, unknownPart } from "../../http/unknownPart.ts"

const opt = Schema.optionalKey

const abortedName = "MessageAbortedError"

const RawFailure = Schema.Struct({
  /** For example `APIError`, `ProviderAuthError`, `MessageAbortedError`, `UnknownError`. */
  name: Schema.String,
  data: opt(Schema.Struct({ message: opt(Schema.String), statusCode: opt(Schema.Finite) })),
})

const withoutStack = (message: string) => message.replace(/\n {4}at [\s\S]*$/u, "")

/** Decodes to the domain's `Failure`. The provider's response headers and body are left out. */
export const WireFailure = RawFailure.pipe(
  Schema.decodeTo(
    Schema.Struct({
      kind: Schema.Literals(["aborted", "failed", "interrupted"]),
      message: Schema.String,
      status: opt(Schema.Finite),
    }),
    SchemaTransformation.transform<Failure, typeof RawFailure.Type>({
      decode: ({ data, name }) => ({
        kind: name === abortedName ? "aborted" : "failed",
        message: withoutStack(data?.message ?? name),
        ...(data?.statusCode === undefined ? {} : { status: data.statusCode }),
      }),
      encode: ({ kind, message, status }) => ({
        name: kind === "failed" ? "UnknownError" : abortedName,
        data: { message, ...(status === undefined ? {} : { statusCode: status }) },
      }),
    }),
  ),
)

const WireUserInfo = Schema.Struct({
  id: MessageId,
  sessionID: SessionId,
  role: Schema.Literal("user"),
  time: Schema.Struct({ created: Schema.Finite }),
  agent: opt(Schema.String),
  /** See `storedDiffs.ts`. */
  summary: opt(Schema.Unknown),
})

const assistant = {
  id: MessageId,
  sessionID: SessionId,
  role: Schema.Literal("assistant"),
  parentID: MessageId,
  time: Schema.Struct({ created: Schema.Finite, completed: opt(Schema.Finite) }),
  agent: opt(Schema.String),
  cost: opt(Schema.Finite),
  tokens: opt(Schema.Struct({ input: Schema.Finite, output: Schema.Finite, reasoning: Schema.Finite })),
  finish: opt(Schema.String),
  summary: opt(Schema.Boolean),
}

const RawAssistantInfo = Schema.Struct({
  ...assistant,
  modelID: opt(Schema.String),
  providerID: opt(Schema.String),
  error: opt(WireFailure),
})

const WireAssistantInfo = RawAssistantInfo.pipe(
  Schema.decodeTo(
    Schema.toType(Schema.Struct({ ...assistant, model: opt(Schema.String), error: opt(WireFailure) })),
    SchemaTransformation.transform<AssistantInfo, typeof RawAssistantInfo.Type>({
      decode: ({ modelID, providerID, ...info }) => ({
        ...info,
        ...(modelID === undefined || providerID === undefined ? {} : { model: joinModel({ modelID, providerID }) }),
      }),
      encode: ({ model, ...info }) => ({ ...info, ...(model === undefined ? {} : splitModel(model)) }),
    }),
  ),
)

export const WireMessageInfo = Schema.Union([WireUserInfo, WireAssistantInfo])

const part = <const Type extends string, Fields extends Schema.Struct.Fields>(type: Type, fields: Fields) =>
  Schema.Struct({ type: Schema.Literal(type), id: Schema.String, messageID: MessageId, ...fields })

const Span = Schema.Struct({ start: Schema.Finite, end: opt(Schema.Finite) })

const Input = Schema.Record(Schema.String, Schema.Unknown)

const completed = {
  status: Schema.Literal("completed"),
  input: Input,
  output: Schema.String,
  time: opt(Span),
}

const RawCompleted = Schema.Struct({ ...completed, metadata: opt(Schema.Unknown) })

type Completed = Extract<ToolState, { readonly status: "completed" }>

const Count = opt(Schema.Finite)

const WireCompleted = RawCompleted.pipe(
  Schema.decodeTo(
    Schema.toType(
      Schema.Struct({ ...completed, report: opt(Schema.Struct({ exit: Count, added: Count, removed: Count })) }),
    ),
    SchemaTransformation.transform<Completed, typeof RawCompleted.Type>({
      decode: ({ metadata, ...state }) => ({ ...state, ...reportOf(metadata) }),
      encode: ({ report, ...state }) => (report === undefined ? state : { ...state, metadata: metadataOf(report) }),
    }),
  ),
)

const WireToolState = Schema.Union([
  Schema.Struct({ status: Schema.Literal("pending"), input: Input }),
  Schema.Struct({
    status: Schema.Literal("running"),
    input: Input,
    time: opt(Schema.Struct({ start: Schema.Finite })),
  }),
  WireCompleted,
  Schema.Struct({ status: Schema.Literal("error"), input: Input, error: Schema.String, time: opt(Span) }),
])

/** The snapshot is the hash of a git tree. Absent or empty if opencode takes none. */
const RawStepPart = part("step-start", { snapshot: opt(Schema.String) })

const WireStepPart = RawStepPart.pipe(
  Schema.decodeTo(
    Schema.toType(part("step", { snapshot: Schema.Boolean })),
    SchemaTransformation.transform<StepPart, typeof RawStepPart.Type>({
      decode: ({ id, messageID, snapshot = "" }) => ({
        type: "step",
        id,
        messageID,
        snapshot: snapshot !== "",
      }),
      encode: ({ id, messageID, snapshot }) => ({
        type: "step-start",
        id,
        messageID,
        ...(snapshot ? { snapshot: "tree" } : {}),
      }),
    }),
  ),
)

const RawTextPart = part("text", { text: Schema.String, synthetic: opt(Schema.Boolean), time: opt(Span) })

/** What opencode 2 writes in a note would be a synthetic text of opencode 1. */
const WireNotePart = RawTextPart.pipe(
  Schema.decodeTo(
    Schema.toType(part("note", { about: Schema.Literals(["restart", "other"]), text: Schema.String })),
    SchemaTransformation.transform<NotePart, typeof RawTextPart.Type>({
      decode: ({ id, messageID, text }) => ({ type: "note", id, messageID, about: "other", text }),
      encode: ({ id, messageID, text }) => ({ type: "text", id, messageID, text, synthetic: true }),
    }),
  ),
)

const KnownPart = Schema.Union([
  RawTextPart,
  part("reasoning", { text: Schema.String, time: opt(Span) }),
  part("file", { mime: Schema.String, filename: opt(Schema.String) }),
  part("tool", { tool: Schema.String, callID: Schema.String, state: WireToolState }),
  part("patch", { files: Schema.Array(Schema.String) }),
  part("subtask", { description: Schema.String, agent: Schema.String }),
  part("compaction", { auto: opt(Schema.Boolean) }),
  /** After the text, so that no answer of opencode 1 is decoded to a note: it has none. */
  WireNotePart,
  WireStepPart,
])

/** Decodes to the domain's `Part`, or is {@link Unrecognised}. */
export const WirePart = Schema.Union([KnownPart, Unrecognised])

/** Parts that are not shown: the ends of steps, hashes of snapshots, mentions of agents, and earlier retries. */
const hiddenTypes = new Set(["step-finish", "snapshot", "agent", "retry"])

const shownParts = (
  message: MessageId,
  parts: ReadonlyArray<typeof WirePart.Type>,
): ReadonlyArray<typeof KnownPart.Type> =>
  parts.flatMap((part, index) => {
    if (!isUnrecognised(part)) return [part]
    return hiddenTypes.has(typeOf(part)) ? [] : [unknownPart(message, part, index)]
  })

/** Decodes to the domain's `Message`. Parts that are not recognised become notes. */
export const WireMessage = Schema.Struct({ info: WireMessageInfo, parts: tolerantArray(KnownPart) }).pipe(
  Schema.decodeTo(
    typed<{ readonly info: typeof WireMessageInfo.Type; readonly parts: ReadonlyArray<typeof KnownPart.Type> }>(),
    SchemaTransformation.transform({
      decode: ({ info, parts }) => ({ info, parts: shownParts(info.id, parts) }),
      encode: (message) => message,
    }),
  ),
)

export const WireMessages = tolerantArray(WireMessage)
