/**
 * The routes of opencode's HTTP API that are used here, declared once. The client is derived from this declaration,
 * the tests' fake server is built from it, and a test compares it with the OpenAPI document of the real server.
 */
import { Schema, SchemaTransformation } from "effect"
import {
  HttpApi,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema,
  HttpApiSecurity,
} from "effect/http-api"
import { MessageId, PermissionId, QuestionId, SessionId } from "../Identifiers.ts"
import { FileDiff } from "./FileDiff.ts"
import { Message, Messages } from "../sessions/Message.ts"
import { GlobalEvent } from "./OpencodeEvent.ts"
import { PermissionReply, PermissionRequest, QuestionRequest } from "../requests/PendingRequest.ts"
import { Session, SessionStatus } from "../sessions/Session.ts"
import { tolerantArray } from "./Unrecognised.ts"

const opt = Schema.optionalKey

/** opencode's error bodies come in two JSON shapes. Both say the same. */
const ErrorBody = Schema.Union([
  Schema.Struct({ name: Schema.String, data: Schema.Struct({ message: Schema.String }) }),
  Schema.Struct({ _tag: Schema.String, message: opt(Schema.String) }),
])

/** An error that opencode put into words: its status, and its own sentence. */
export class ApiError extends Schema.TaggedError<ApiError>()("ApiError", {
  status: Schema.Finite,
  message: Schema.String,
}) {}

const apiError = (status: number) =>
  ErrorBody.pipe(
    Schema.decodeTo(
      Schema.toType(ApiError),
      SchemaTransformation.transform<ApiError, typeof ErrorBody.Type>({
        decode: (body) =>
          new ApiError({ status, message: "_tag" in body ? (body.message ?? body._tag) : body.data.message }),
        encode: ({ message }) => ({ name: "Error", data: { message } }),
      }),
    ),
    HttpApiSchema.status(status),
  )

const error = [apiError(400), apiError(404), apiError(500)] as const

/** opencode's `www-authenticate` header on every 401. */
export const opencodeChallenge = 'Basic realm="Secure Area"'

/** 401 has an empty body. */
export class InvalidCredentials extends Schema.TaggedError<InvalidCredentials>()("InvalidCredentials", {
  /** Its `www-authenticate` header, or empty. */
  challenge: Schema.String,
}) {}

export class Authorization extends HttpApiMiddleware.Service<Authorization>()("opencode-fleet/opencode/Authorization", {
  security: { basic: HttpApiSecurity.basic },
  error: InvalidCredentials.pipe(
    HttpApiSchema.asNoContent({ decode: () => new InvalidCredentials({ challenge: opencodeChallenge }) }),
    HttpApiSchema.status(401),
  ),
}) {}

/** Routes without a session id answer for this directory, or for the one that the server was started in. */
const directory = { directory: opt(Schema.String) }

const session = { sessionID: SessionId }

export const Health = Schema.Struct({ healthy: Schema.Boolean, version: Schema.String })

class ServerGroup extends HttpApiGroup.make("server").add(
  HttpApiEndpoint.get("health", "/global/health", { success: Health }),
  /** Every event of every directory of the server; `server.connected` first, `server.heartbeat` every 10 s. */
  HttpApiEndpoint.get("events", "/global/event", { success: HttpApiSchema.StreamSse({ data: GlobalEvent }) }),
  HttpApiEndpoint.get("agents", "/agent", {
    query: directory,
    success: tolerantArray(Schema.Struct({ name: Schema.String, mode: Schema.String, hidden: opt(Schema.Boolean) })),
    error,
  }),
  /** Where the server works: its own directory, unless another one is given. The working tree is `/` where there is none. */
  HttpApiEndpoint.get("path", "/path", {
    query: directory,
    success: Schema.Struct({ directory: Schema.String, worktree: opt(Schema.String) }),
    error,
  }),
  /** `vcs` is `git` or absent. */
  HttpApiEndpoint.get("project", "/project/current", {
    query: directory,
    success: Schema.Struct({
      id: Schema.String,
      vcs: opt(Schema.String),
      time: opt(Schema.Struct({ created: Schema.Finite })),
    }),
    error,
  }),
  /** The real answer holds API keys in clear text. Only names are picked out of it. */
  HttpApiEndpoint.get("providers", "/config/providers", {
    query: directory,
    success: Schema.Struct({
      providers: tolerantArray(
        Schema.Struct({ id: Schema.String, models: Schema.Record(Schema.String, Schema.Struct({})) }),
      ),
    }),
    error,
  }),
) {}

class SessionGroup extends HttpApiGroup.make("session").add(
  /** Without a directory: all sessions of the server's project, the archived ones too. `limit` is 100 by default. */
  HttpApiEndpoint.get("list", "/session", {
    query: { ...directory, limit: opt(Schema.Int) },
    success: tolerantArray(Session),
    error,
  }),
  HttpApiEndpoint.post("create", "/session", {
    query: directory,
    payload: Schema.Struct({ title: opt(Schema.String) }),
    success: Session,
    error,
  }),
  HttpApiEndpoint.get("statuses", "/session/status", {
    query: directory,
    success: Schema.Record(Schema.String, SessionStatus),
    error,
  }),
  HttpApiEndpoint.get("get", "/session/:sessionID", { params: session, query: directory, success: Session, error }),
  /** A page holds the newest `limit` messages before the cursor `before`, oldest first. */
  HttpApiEndpoint.get("messages", "/session/:sessionID/message", {
    params: session,
    query: { ...directory, limit: opt(Schema.Int), before: opt(Schema.String) },
    success: HttpApiSchema.WithHeaders(Messages, { "x-next-cursor": opt(Schema.String) }),
    error,
  }),
  HttpApiEndpoint.get("message", "/session/:sessionID/message/:messageID", {
    params: { ...session, messageID: MessageId },
    query: directory,
    success: Message,
    error,
  }),
  /** 204 as soon as the session is found and the body decodes. It says nothing about the turn. */
  HttpApiEndpoint.post("prompt", "/session/:sessionID/prompt_async", {
    params: session,
    query: directory,
    payload: Schema.Struct({
      messageID: MessageId,
      agent: opt(Schema.String),
      model: opt(Schema.Struct({ providerID: Schema.String, modelID: Schema.String })),
      parts: Schema.Array(Schema.Struct({ type: Schema.Literal("text"), text: Schema.String })),
    }),
    success: HttpApiSchema.NoContent,
    error,
  }),
  /** What the turn of one user message changed. Without `messageID`, and for any other message, it is always empty. */
  HttpApiEndpoint.get("diff", "/session/:sessionID/diff", {
    params: session,
    query: { ...directory, messageID: opt(MessageId) },
    success: tolerantArray(FileDiff),
    error: [apiError(400), apiError(500)],
  }),
  /** `true` for an idle or unknown session as well. */
  HttpApiEndpoint.post("abort", "/session/:sessionID/abort", {
    params: session,
    query: directory,
    success: Schema.Boolean,
    error,
  }),
) {}

class RequestGroup extends HttpApiGroup.make("request").add(
  HttpApiEndpoint.get("permissions", "/permission", {
    query: directory,
    success: tolerantArray(PermissionRequest),
    error,
  }),
  HttpApiEndpoint.post("replyPermission", "/permission/:requestID/reply", {
    params: { requestID: PermissionId },
    query: directory,
    payload: PermissionReply,
    success: Schema.Boolean,
    error,
  }),
  HttpApiEndpoint.get("questions", "/question", {
    query: directory,
    success: tolerantArray(QuestionRequest),
    error,
  }),
  /** One list of labels for each question. opencode checks none of them. */
  HttpApiEndpoint.post("replyQuestion", "/question/:requestID/reply", {
    params: { requestID: QuestionId },
    query: directory,
    payload: Schema.Struct({ answers: Schema.Array(Schema.Array(Schema.String)) }),
    success: Schema.Boolean,
    error,
  }),
  HttpApiEndpoint.post("rejectQuestion", "/question/:requestID/reject", {
    params: { requestID: QuestionId },
    query: directory,
    success: Schema.Boolean,
    error,
  }),
) {}

export class OpencodeApi extends HttpApi.make("opencode")
  .add(ServerGroup, SessionGroup, RequestGroup)
  .middleware(Authorization) {}
