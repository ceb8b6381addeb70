/**
 * The routes of opencode 2's HTTP API (2.0.15) that are used here, declared once. The client is derived from this
 * declaration, and a test compares it with the OpenAPI document of the real server.
 */
import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Authorization } from "../http/Authorization.ts"
import { mediumAnswer, smallAnswer, MaxResponseBytes } from "../http/MaxResponseBytes.ts"
import { tolerantArray } from "../http/tolerantArray.ts"
import { MessageId, PermissionId, QuestionId, SessionId } from "../Identifiers.ts"
import { error, Info, notReady, unavailable } from "./wire/WireError.ts"
import { WireEntry } from "./wire/WireMessage.ts"
import { WireModel } from "./wire/WireModel.ts"
import { WireForm, WireFormValue, WirePermission, WirePermissionReply } from "./wire/WireRequest.ts"
import { WireSession } from "./wire/WireSession.ts"

const opt = Schema.optionalKey

const Data = <S extends Schema.Constraint>(data: S) => Schema.Struct({ data })

/** `next` is also set on the last page; the page after it is empty. */
const Page = <S extends Schema.Constraint>(item: S) =>
  Schema.Struct({
    data: tolerantArray(item),
    cursor: Schema.Struct({ next: opt(Schema.NullOr(Schema.String)) }),
  })

/**
 * Routes without a session id work on this directory. Default: the one that the server was started in. A request makes
 * opencode load the directory; a missing directory is answered with 500 without a body.
 */
const location = { "location[directory]": opt(Schema.String) }

const session = { sessionID: SessionId }

class ServerGroup extends HttpApiGroup.make("server").add(
  /** The only route that identifies opencode 2. 503 while it is starting or stopping, 500 if it failed to start. */
  HttpApiEndpoint.get("info", "/api/info", {
    success: Info,
    error: [notReady("starting", 503), unavailable, notReady("failed", 500)],
  }).annotate(MaxResponseBytes, smallAnswer),
  /** Every event of every directory of the server, `server.connected` first; a comment every 15 s. */
  HttpApiEndpoint.get("events", "/api/event", { success: HttpApiSchema.StreamSse({ data: Schema.Unknown }) }),
  HttpApiEndpoint.get("location", "/api/location", {
    query: location,
    success: Schema.Struct({
      directory: Schema.String,
      /** `directory` is the root of the working tree; without git, the directory itself. */
      project: Schema.Struct({ id: Schema.String, directory: Schema.String }),
    }),
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
  /**
   * The children of a directory, with an absolute `path` of any directory on the machine. Paths are relative to the location;
   * links are left out. What cannot be listed is answered with 500 without a body.
   */
  HttpApiEndpoint.get("files", "/api/fs/list", {
    query: { path: Schema.String },
    success: Data(tolerantArray(Schema.Struct({ path: Schema.String, type: Schema.Literals(["file", "directory"]) }))),
    error,
  }),
  /**
   * All projects in the database of the server's user. `vcs` is `git` or absent. (`GET /api/vcs` reports the same,
   * but not immediately after a directory is loaded.)
   */
  HttpApiEndpoint.get("projects", "/api/project", {
    success: tolerantArray(
      Schema.Struct({
        id: Schema.String,
        canonical: opt(Schema.String),
        vcs: opt(Schema.String),
        time: Schema.Struct({ created: Schema.Finite }),
      }),
    ),
    error,
  }),
  /** `id` is used in requests; `name` is for display. */
  HttpApiEndpoint.get("agents", "/api/agent", {
    query: location,
    success: Data(
      tolerantArray(
        Schema.Struct({
          id: Schema.String,
          mode: Schema.String,
          hidden: opt(Schema.Boolean),
          description: opt(Schema.String),
        }),
      ),
    ),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** The real answer contains API keys in clear text; only names are decoded. */
  HttpApiEndpoint.get("models", "/api/model", {
    query: location,
    success: Data(tolerantArray(Schema.Struct({ ...WireModel.fields, enabled: Schema.Boolean }))),
    error,
  }),
  /** The model of a session that has chosen none. The real answer contains API keys in clear text. */
  HttpApiEndpoint.get("defaultModel", "/api/model/default", {
    query: location,
    success: Data(Schema.NullOr(WireModel)),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  HttpApiEndpoint.get("commands", "/api/command", {
    query: location,
    success: Data(tolerantArray(Schema.Struct({ name: Schema.String, description: opt(Schema.String) }))),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** Answers when the files are there. opencode appends a number to the name if there is such a worktree. */
  HttpApiEndpoint.post("createWorktree", "/api/worktree", {
    payload: Schema.Struct({ projectID: Schema.String, name: Schema.String }),
    success: Schema.Struct({ directory: Schema.String }),
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
) {}

class SessionGroup extends HttpApiGroup.make("session").add(
  /** All sessions in the database of the server's user, most recently updated first. Default `limit`: 50. */
  HttpApiEndpoint.get("list", "/api/session", {
    query: { limit: opt(Schema.Int) },
    success: Page(WireSession),
    error,
  }),
  /** opencode does not check that the directory exists. With the id of a session, it answers with that session. */
  HttpApiEndpoint.post("create", "/api/session", {
    payload: Schema.Struct({
      id: opt(SessionId),
      title: opt(Schema.String),
      location: opt(Schema.Struct({ directory: Schema.String })),
      agent: opt(Schema.String),
      model: opt(WireModel),
      permissions: opt(
        Schema.Array(
          Schema.Struct({
            action: Schema.String,
            resource: Schema.String,
            effect: Schema.Literals(["allow", "deny", "ask"]),
          }),
        ),
      ),
    }),
    success: Data(WireSession),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** Copies the messages before `before`; all of them without one. */
  HttpApiEndpoint.post("fork", "/api/session/:sessionID/fork", {
    params: session,
    payload: Schema.Struct({ before: opt(MessageId) }),
    success: Data(WireSession),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** The sessions of all directories in which this server is running a turn. */
  HttpApiEndpoint.get("active", "/api/session/active", {
    success: Data(Schema.Record(Schema.String, Schema.Unknown)),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  HttpApiEndpoint.get("get", "/api/session/:sessionID", {
    params: session,
    success: Data(WireSession),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** Replaces the whole metadata. */
  HttpApiEndpoint.patch("update", "/api/session/:sessionID", {
    params: session,
    payload: Schema.Struct({ metadata: Schema.Record(Schema.String, Schema.Unknown) }),
    success: HttpApiSchema.NoContent,
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
  /** Newest first; `limit` is at most 200. With `type`, only messages of that type. */
  HttpApiEndpoint.get("messages", "/api/session/:sessionID/message", {
    params: session,
    query: { limit: opt(Schema.Int), cursor: opt(Schema.String), type: opt(Schema.Literals(["user", "synthetic"])) },
    success: Page(WireEntry),
    error,
  }),
  HttpApiEndpoint.get("message", "/api/session/:sessionID/message/:messageID", {
    params: { ...session, messageID: MessageId },
    success: Data(WireEntry),
    error,
  }),
  /** Selects the session's agent. opencode does not check that it exists. */
  HttpApiEndpoint.post("selectAgent", "/api/session/:sessionID/agent", {
    params: session,
    payload: Schema.Struct({ agent: Schema.String }),
    success: HttpApiSchema.NoContent,
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
  /** Selects the session's model. opencode does not check that it exists. */
  HttpApiEndpoint.post("selectModel", "/api/session/:sessionID/model", {
    params: session,
    payload: Schema.Struct({ model: WireModel }),
    success: HttpApiSchema.NoContent,
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
  /**
   * Puts the prompt into the session's inbox. A repeated id has no effect. `steer`: delivered to the running turn.
   * `queue`: answered after it. With `resume: false` it is stored, and starts no turn.
   */
  HttpApiEndpoint.post("prompt", "/api/session/:sessionID/prompt", {
    params: session,
    payload: Schema.Struct({
      id: MessageId,
      text: Schema.String,
      delivery: Schema.Literals(["steer", "queue"]),
      resume: opt(Schema.Boolean),
      metadata: opt(Schema.Record(Schema.String, Schema.Unknown)),
    }),
    success: Data(Schema.Struct({ id: MessageId })),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /**
   * Runs the shell commands of the command's template, and then does as `prompt` does. The answer does not name the message,
   * and there is none if the command works in a subagent. A request that breaks off before stops the command.
   */
  HttpApiEndpoint.post("command", "/api/session/:sessionID/command", {
    params: session,
    payload: Schema.Struct({
      name: Schema.String,
      text: Schema.String,
      delivery: Schema.Literals(["steer", "queue"]),
    }),
    success: HttpApiSchema.NoContent,
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
  /** The prompts that are waiting to be delivered. */
  HttpApiEndpoint.get("inbox", "/api/session/:sessionID/inbox", {
    params: session,
    success: Data(
      tolerantArray(
        Schema.Struct({
          id: MessageId,
          /** `user`, `synthetic`, `compaction`, … */
          type: Schema.String,
          payload: opt(
            Schema.Struct({ text: opt(Schema.String), metadata: opt(Schema.Record(Schema.String, Schema.Unknown)) }),
          ),
        }),
      ),
    ),
    error,
  }),
  /** Answers 204 even if there is no such item. */
  HttpApiEndpoint.delete("cancelPrompt", "/api/session/:sessionID/inbox/:inboxID", {
    params: { ...session, inboxID: MessageId },
    success: HttpApiSchema.NoContent,
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
  /** The file changes of the turn of the user message `from`. */
  HttpApiEndpoint.get("diff", "/api/session/:sessionID/diff", {
    params: session,
    query: { from: MessageId, context: opt(Schema.Int) },
    success: Data(
      tolerantArray(
        Schema.Struct({
          file: Schema.String,
          patch: Schema.String,
          additions: Schema.Finite,
          deletions: Schema.Finite,
          status: opt(Schema.Literals(["added", "deleted", "modified"])),
        }),
      ),
    ),
    error,
  }),
  /** Answers before the end of the turn is stored. */
  HttpApiEndpoint.post("interrupt", "/api/session/:sessionID/interrupt", {
    params: session,
    success: Schema.Struct({ interrupted: Schema.Boolean }),
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
) {}

/** A request is only found under its own session: a subagent's under the subagent's session. */
class RequestGroup extends HttpApiGroup.make("request").add(
  HttpApiEndpoint.get("permissions", "/api/session/:sessionID/permission", {
    params: session,
    success: Data(tolerantArray(WirePermission)),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  HttpApiEndpoint.post("replyPermission", "/api/session/:sessionID/permission/:requestID/reply", {
    params: { ...session, requestID: PermissionId },
    payload: WirePermissionReply,
    success: HttpApiSchema.NoContent,
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
  HttpApiEndpoint.get("forms", "/api/session/:sessionID/form", {
    params: session,
    success: Data(tolerantArray(WireForm)),
    error,
  }).annotate(MaxResponseBytes, mediumAnswer),
  /** Values by the keys of the fields. opencode checks the values. */
  HttpApiEndpoint.post("replyForm", "/api/session/:sessionID/form/:formID/reply", {
    params: { ...session, formID: QuestionId },
    payload: Schema.Struct({ answer: Schema.Record(Schema.String, WireFormValue) }),
    success: HttpApiSchema.NoContent,
    error,
  }).annotate(MaxResponseBytes, smallAnswer),
) {}

export class OpencodeApi extends HttpApi.make("opencode2")
  .add(ServerGroup, SessionGroup, RequestGroup)
  .middleware(Authorization) {}
