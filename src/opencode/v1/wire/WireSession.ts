/** Sessions and their status, as in `GET /session` and `GET /session/status`. */
import { Schema, SchemaTransformation } from "effect"
import { MessageId, SessionId } from "../../Identifiers.ts"
import type { Session } from "../../sessions/Session.ts"
import { joinModel, splitModel } from "./model.ts"

const opt = Schema.optionalKey

const common = {
  id: SessionId,
  title: Schema.String,
  directory: Schema.String,
  parentID: opt(SessionId),
  agent: opt(Schema.String),
  time: Schema.Struct({
    created: Schema.Finite,
    updated: Schema.Finite,
    archived: opt(Schema.Finite),
  }),
}

const RawSession = Schema.Struct({
  ...common,
  projectID: opt(Schema.String),
  revert: opt(Schema.Struct({ messageID: MessageId })),
  model: opt(Schema.Struct({ providerID: Schema.String, id: Schema.String, variant: opt(Schema.String) })),
})

/** The project of all directories outside of git. */
const noProject = "global"

const defaultVariant = "default"

const encodeModel = (model: string, variant: string) => {
  const { modelID, providerID } = splitModel(model)
  return { providerID, id: modelID, variant }
}

/** Decodes to the domain's `Session`. */
export const WireSession = RawSession.pipe(
  Schema.decodeTo(
    Schema.toType(
      Schema.Struct({
        ...common,
        project: opt(Schema.String),
        undoneFrom: opt(MessageId),
        model: opt(Schema.String),
        variant: opt(Schema.String),
      }),
    ),
    SchemaTransformation.transform<Session, typeof RawSession.Type>({
      decode: ({ model, projectID = noProject, revert, ...session }) => ({
        ...session,
        ...(projectID === noProject ? {} : { project: projectID }),
        ...(revert === undefined ? {} : { undoneFrom: revert.messageID }),
        ...(model === undefined ? {} : { model: joinModel({ providerID: model.providerID, modelID: model.id }) }),
        ...(model?.variant === undefined || model.variant === defaultVariant ? {} : { variant: model.variant }),
      }),
      encode: ({ model, project, undoneFrom, variant = defaultVariant, ...session }) => ({
        ...session,
        ...(project === undefined ? {} : { projectID: project }),
        ...(undoneFrom === undefined ? {} : { revert: { messageID: undoneFrom } }),
        ...(model === undefined ? {} : { model: encodeModel(model, variant) }),
      }),
    }),
  ),
)

/** An unknown status. It counts as busy, because the session is not idle. */
const OtherStatus = Schema.Unknown.pipe(
  Schema.decodeTo(
    Schema.Struct({ type: Schema.Literal("busy") }),
    SchemaTransformation.transform<{ readonly type: "busy" }, unknown>({
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
