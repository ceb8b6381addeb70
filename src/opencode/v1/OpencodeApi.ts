/**
 * The routes of opencode 1's HTTP API that are used here, declared once. The client is derived from this declaration, the
 * fake server for tests is built from it, and a test compares it with the OpenAPI document of the real server.
 */
import { Schema, SchemaTransformation } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { MessageId, PermissionId, QuestionId, SessionId } from "../Identifiers.ts"
import { Authorization } from "../http/Authorization.ts"
import { RefusedRequest } from "../http/clientErrors.ts"
import { mediumAnswer, smallAnswer, MaxResponseBytes } from "../http/MaxResponseBytes.ts"
import { tolerantArray } from "../http/tolerantArray.ts"
import { WireFrame } from "./wire/WireEvent.ts"
import { WireFileDiff } from "./wire/WireFileDiff.ts"
import { WireMessage, WireMessages } from "./wire/WireMessage.ts"
import { WirePermissionReply, WirePermissionRequest, WireQuestionRequest } from "./wire/WireRequest.ts"
import { WireSession, WireSessionStatus } from "./wire/WireSession.ts"

const opt = Schema.optionalKey

/** Error bodies come in two JSON shapes with the same meaning. */
const ErrorBody = Schema.Union([
  Schema.Struct({ name: Schema.String, data: Schema.Struct({ message: Schema.String }) }),
  Schema.Struct({ _tag: Schema.String, message: opt(Schema.String) }),
])

const refused = (status: number) =>
  ErrorBody.pipe(
    Schema.decodeTo(
      Schema.toType(RefusedRequest),
      SchemaTransformation.transform<RefusedRequest, typeof ErrorBody.Type>({
        decode: (body) =>
          new RefusedRequest({ status, message: "_tag" in body ? (body.message ?? body._tag) : body.data.message }),
        encode: ({ message }) => ({ name: "Error", data: { message } }),
      }),
    ),
    HttpApiSchema.status(status),
  )

const error = [refused(400), refused(404), refused(500)] as const

/** Routes without a session id work on this directory. Default: the one that the server was started in. */
const directory = { directory: opt(Schema.String) }

const session = { sessionID: SessionId }

const Health = Schema.Struct({ healthy: Schema.Boolean, version: Schema.String })

class ServerGroup extends HttpApiGroup.make("server").add(
  HttpApiEndpoint.get("health", "/global/health", { success: Health }).annotate(MaxResponseBytes, smallAnswer),
  /** Every event of every directory of the server; `server.connected` first, `server.heartbeat` every 10 s. */
  HttpApiEndpoint.get("events", "/global/event", { success: HttpApiSchema.StreamSse({ data: WireFrame }) }),
  HttpApiEndpoint.get("agents", "/agent", {
    query: directory,
    success: tolerantArray(
      Schema.Struct({
        name: Schema.String,
        mode: Schema.String,
        hidden: opt(Schema.Boolean),
        description: opt(Schema.String),
        model: opt(Schema.Struct({ providerID: Schema.String, modelID: Schema.String })),
      }),
    ),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** The directory of the request. The working tree is `/` if the directory belongs to no repository. */
  HttpApiEndpoint.get("path", "/path", {
    query: directory,
    success: Schema.Struct({ directory: Schema.String, worktree: opt(Schema.String) }),
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
  /** `vcs` is `git` or absent. */
  HttpApiEndpoint.get("project", "/project/current", {
    query: directory,
    success: Schema.Struct({
      id: Schema.String,
      vcs: opt(Schema.String),
      time: opt(Schema.Struct({ created: Schema.Finite })),
    }),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** The real answer contains API keys in clear text; only the default model is decoded. */
  HttpApiEndpoint.get("config", "/config", {
    query: directory,
    success: Schema.Struct({ model: opt(Schema.String) }),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** Slash commands, also those of MCP servers and skills. */
  HttpApiEndpoint.get("commands", "/command", {
    query: directory,
    success: tolerantArray(Schema.Struct({ name: Schema.String, description: opt(Schema.String) })),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** The projects in the database of the server's user. Directories without a repository are one project at `/`. */
  HttpApiEndpoint.get("projects", "/project", {
    success: tolerantArray(
      Schema.Struct({ id: opt(Schema.String), worktree: Schema.String, sandboxes: opt(Schema.Array(Schema.String)) }),
    ),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /**
   * Answers before the files are there. Then the event `worktree.ready` or `worktree.failed` follows. opencode makes a
   * branch from the name, and appends to it if there is such a worktree.
   */
  HttpApiEndpoint.post("createWorktree", "/experimental/worktree", {
    query: directory,
    payload: Schema.Struct({ name: Schema.String }),
    success: Schema.Struct({ name: Schema.String, directory: Schema.String }),
    error: [refused(400)],
  }).annotate(MaxResponseBytes, smallAnswer),
  /** The entries of a folder. 500 if the directory of the request does not exist. */
  HttpApiEndpoint.get("files", "/file", {
    query: { ...directory, path: Schema.String },
    success: tolerantArray(Schema.Struct({ name: Schema.String })),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** The real answer contains API keys in clear text; only names are decoded. */
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
  /** The sessions of all projects, without archived ones. Default `limit`: 100. */
  HttpApiEndpoint.get("listAll", "/experimental/session", {
    query: { limit: opt(Schema.Int) },
    success: tolerantArray(WireSession),
    error,
  }),
  /** Without a directory: all sessions of the server's project, including archived ones. Default `limit`: 100. */
  HttpApiEndpoint.get("list", "/session", {
    query: { ...directory, limit: opt(Schema.Int) },
    success: tolerantArray(WireSession),
    error,
  }),
  HttpApiEndpoint.post("create", "/session", {
    query: directory,
    payload: Schema.Struct({
      title: opt(Schema.String),
      agent: opt(Schema.String),
      model: opt(Schema.Struct({ providerID: Schema.String, id: Schema.String })),
      permission: opt(
        Schema.Array(
          Schema.Struct({
            permission: Schema.String,
            pattern: Schema.String,
            action: Schema.Literals(["allow", "deny", "ask"]),
          }),
        ),
      ),
    }),
    success: WireSession,
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** Copies the messages before `messageID`; all of them without one, and if there is no such message. */
  HttpApiEndpoint.post("fork", "/session/:sessionID/fork", {
    params: session,
    query: directory,
    payload: Schema.Struct({ messageID: opt(MessageId) }),
    success: WireSession,
    error: [refused(400), refused(404)],
  }).annotate(MaxResponseBytes, mediumAnswer),
  HttpApiEndpoint.get("statuses", "/session/status", {
    query: directory,
    success: Schema.Record(Schema.String, WireSessionStatus),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  HttpApiEndpoint.get("get", "/session/:sessionID", {
    params: session,
    query: directory,
    success: WireSession,
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** The newest `limit` messages before the cursor `before`, oldest first. */
  HttpApiEndpoint.get("messages", "/session/:sessionID/message", {
    params: session,
    query: { ...directory, limit: opt(Schema.Int), before: opt(Schema.String) },
    success: HttpApiSchema.WithHeaders(WireMessages, { "x-next-cursor": opt(Schema.String) }),
    error,
  }),
  HttpApiEndpoint.get("message", "/session/:sessionID/message/:messageID", {
    params: { ...session, messageID: MessageId },
    query: directory,
    success: WireMessage,
    error,
  }),
  /** Answers 204 as soon as the session is found and the body is valid, whatever happens in the turn. */
  HttpApiEndpoint.post("prompt", "/session/:sessionID/prompt_async", {
    params: session,
    query: directory,
    payload: Schema.Struct({
      messageID: MessageId,
      agent: opt(Schema.String),
      model: opt(Schema.Struct({ providerID: Schema.String, modelID: Schema.String })),
      variant: opt(Schema.String),
      parts: Schema.Array(Schema.Struct({ type: Schema.Literal("text"), text: Schema.String })),
    }),
    success: HttpApiSchema.NoContent,
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
  /**
   * Answers when the turn has ended, with its last message; the turn goes on without the request. 500 without a reason if
   * there is no such command, or if its agent or model does not exist.
   */
  HttpApiEndpoint.post("command", "/session/:sessionID/command", {
    params: session,
    query: directory,
    payload: Schema.Struct({
      messageID: MessageId,
      command: Schema.String,
      arguments: Schema.String,
      agent: opt(Schema.String),
      model: opt(Schema.String),
      variant: opt(Schema.String),
    }),
    success: Schema.Struct({}),
    error: [refused(400), refused(404)],
  }),
  /** The file changes of the turn of one user message. Empty without `messageID`, and for any other message. */
  HttpApiEndpoint.get("diff", "/session/:sessionID/diff", {
    params: session,
    query: { ...directory, messageID: opt(MessageId) },
    success: tolerantArray(WireFileDiff),
    error: [refused(400), refused(500)],
  }),
  /** Answers `true` also for an idle or unknown session. */
  HttpApiEndpoint.post("abort", "/session/:sessionID/abort", {
    params: session,
    query: directory,
    success: Schema.Boolean,
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
) {}

class RequestGroup extends HttpApiGroup.make("request").add(
  HttpApiEndpoint.get("permissions", "/permission", {
    query: directory,
    success: tolerantArray(WirePermissionRequest),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  HttpApiEndpoint.post("replyPermission", "/permission/:requestID/reply", {
    params: { requestID: PermissionId },
    query: directory,
    payload: WirePermissionReply,
    success: Schema.Boolean,
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
  HttpApiEndpoint.get("questions", "/question", {
    query: directory,
    success: tolerantArray(WireQuestionRequest),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** A list of labels for each question. opencode does not check them. */
  HttpApiEndpoint.post("replyQuestion", "/question/:requestID/reply", {
    params: { requestID: QuestionId },
    query: directory,
    payload: Schema.Struct({ answers: Schema.Array(Schema.Array(Schema.String)) }),
    success: Schema.Boolean,
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
  HttpApiEndpoint.post("rejectQuestion", "/question/:requestID/reject", {
    params: { requestID: QuestionId },
    query: directory,
    success: Schema.Boolean,
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
) {}

export class OpencodeApi extends HttpApi.make("opencode")
  .add(ServerGroup, SessionGroup, RequestGroup)
  .middleware(Authorization) {}
