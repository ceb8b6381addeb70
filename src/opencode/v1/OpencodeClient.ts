/** The client of one opencode, derived from {@link OpencodeApi}: bounded in time, with typed errors. */
import { Context, Effect, Layer, type Stream } from "effect"
import { type Operation, type RawError, toClientError } from "../http/clientErrors.ts"
import type { ClientError } from "../errors.ts"
import type { FileDiff } from "./FileDiff.ts"
import type { MessageId, PermissionId, QuestionId, SessionId } from "../Identifiers.ts"
import type { Message } from "../sessions/Message.ts"
import type { Health } from "./OpencodeApi.ts"
import type { GlobalEvent } from "./OpencodeEvent.ts"
import { makeApi } from "./opencodeHttp.ts"
import type { PermissionReply, PermissionRequest, QuestionRequest } from "../requests/PendingRequest.ts"
import type { Session, SessionStatus } from "../sessions/Session.ts"
import { CurrentTarget, type Target } from "../Target.ts"
import { recognised } from "./Unrecognised.ts"

/** A page of a conversation, oldest message first. */
export interface MessagePage {
  readonly messages: ReadonlyArray<Message>
  /** Opaque; given back as `before`, it leads to the older messages. Absent at the beginning of the session. */
  readonly older: string | undefined
}

/** Where an opencode works. */
export interface Place {
  readonly directory: string
  /** None where the directory belongs to no repository. */
  readonly worktree: string | undefined
}

export interface Prompt {
  /** A fresh one for each prompt: opencode takes a repeated id for more text of the same message. */
  readonly messageID: MessageId
  readonly text: string
  readonly agent?: string
  readonly model?: { readonly providerID: string; readonly modelID: string }
}

/** The same request can be made of any session of one directory; opencode keeps these four apart by it. */
type OfDirectory<A> = (directory: string) => Effect.Effect<A, ClientError>

/** One opencode, as it can be asked. Reads are tried three times where a failure may pass, writes once. */
export interface Opencode {
  /** `GET /global/health`, tried once: a probe tells what is, it does not hope. `timeout` in milliseconds. */
  readonly health: (timeout: number) => Effect.Effect<typeof Health.Type, ClientError>
  /** Names of the agents that a prompt may ask for. */
  readonly agents: OfDirectory<ReadonlyArray<string>>
  /** Models that a prompt may ask for, as `provider/model`. */
  readonly models: OfDirectory<ReadonlyArray<string>>
  /** The directory that it was started in, links resolved. */
  readonly directory: Effect.Effect<string, ClientError>
  /** That directory, and the project's working tree that it lies in. `timeout` in milliseconds. */
  readonly place: (timeout: number) => Effect.Effect<Place, ClientError>
  /**
   * When opencode first saw the project that it was started in, in epoch milliseconds: it stands in the database of that
   * machine, and so tells one machine from another. `timeout` in milliseconds.
   */
  readonly firstSeen: (timeout: number) => Effect.Effect<number | undefined, ClientError>
  /** Whether the directory belongs to a git repository. */
  readonly inGit: OfDirectory<boolean>
  /** Those of the server's project that are not archived, updated last first. */
  readonly sessions: Effect.Effect<ReadonlyArray<Session>, ClientError>
  /** The first of them. */
  readonly newestSessions: (limit: number) => Effect.Effect<ReadonlyArray<Session>, ClientError>
  readonly session: (id: SessionId) => Effect.Effect<Session, ClientError>
  readonly createSession: (title?: string) => Effect.Effect<Session, ClientError>
  /** Of the sessions that are not idle, by id. */
  readonly statuses: OfDirectory<ReadonlyMap<string, SessionStatus>>
  readonly messages: (
    id: SessionId,
    page: { readonly limit: number; readonly before?: string },
  ) => Effect.Effect<MessagePage, ClientError>
  /** A message that is not there fails as a session that is not. */
  readonly message: (session: SessionId, id: MessageId) => Effect.Effect<Message, ClientError>
  /** Returns when opencode has stored the prompt or is about to: it says nothing about the turn. */
  readonly prompt: (session: SessionId, prompt: Prompt) => Effect.Effect<void, ClientError>
  /** What the turn of one user message changed; empty for every other message. */
  readonly diff: (session: SessionId, message: MessageId) => Effect.Effect<ReadonlyArray<FileDiff>, ClientError>
  readonly abort: (session: SessionId) => Effect.Effect<void, ClientError>
  readonly permissions: OfDirectory<ReadonlyArray<PermissionRequest>>
  readonly questions: OfDirectory<ReadonlyArray<QuestionRequest>>
  readonly replyPermission: (
    directory: string,
    id: PermissionId,
    reply: PermissionReply,
  ) => Effect.Effect<void, ClientError>
  /** One list of labels for each question. */
  readonly replyQuestion: (
    directory: string,
    id: QuestionId,
    answers: ReadonlyArray<ReadonlyArray<string>>,
  ) => Effect.Effect<void, ClientError>
  readonly rejectQuestion: (directory: string, id: QuestionId) => Effect.Effect<void, ClientError>
  /** The events of all directories, once connected. The stream ends or fails with the connection. */
  readonly events: Effect.Effect<Stream.Stream<GlobalEvent, unknown>, ClientError>
}

/** Bound on every request. opencode answers in milliseconds; one that is still starting may never answer. */
const requestTimeout = 10_000

/** Bound on connecting to the events. An opencode that is still starting takes the connection and never answers it. */
const connectTimeout = 3000

/** `GET /session` returns 100 at the most unless it is told otherwise. */
const allSessions = 100_000

/** Routes with a session id find the session's directory themselves. */
const ofSession = (sessionID: SessionId) => ({ params: { sessionID }, query: {} })

export class OpencodeClient extends Context.Service<
  OpencodeClient,
  {
    /** Makes no request. */
    readonly at: (target: Target) => Opencode
  }
>()("opencode-fleet/opencode/OpencodeClient") {
  static readonly layer = Layer.effect(
    OpencodeClient,
    Effect.gen(function* () {
      const { api, health } = yield* makeApi

      const at = (target: Target): Opencode => {
        const call =
          (name: string, options?: Partial<Operation>) =>
          <A>(request: Effect.Effect<A, RawError, typeof CurrentTarget.Identifier>): Effect.Effect<A, ClientError> => {
            const timeout = options?.timeout ?? requestTimeout
            return request.pipe(
              Effect.provideService(CurrentTarget, target),
              Effect.timeout(timeout),
              Effect.mapError(toClientError(target, { ...options, name, timeout: timeout / 1000 })),
              Effect.withSpan(
                `Opencode.${name}`,
                { attributes: { instance: target.instance } },
                { captureStackTrace: false },
              ),
            )
          }

        const newestSessions = (limit: number) =>
          api.session.list({ query: { limit } }).pipe(
            Effect.map((sessions) => recognised(sessions).filter(({ time }) => time.archived === undefined)),
            call("list sessions"),
          )
        const place = (timeout: number) =>
          api.server.path({ query: {} }).pipe(
            Effect.map(({ directory, worktree }) => ({ directory, worktree: worktree === "/" ? undefined : worktree })),
            call("path", { timeout }),
          )
        return {
          health: (timeout) => health({}).pipe(call("health", { timeout })),
          agents: (directory) =>
            api.server.agents({ query: { directory } }).pipe(
              Effect.map((agents) =>
                recognised(agents)
                  .filter((agent) => agent.hidden !== true && agent.mode !== "subagent")
                  .map((agent) => agent.name),
              ),
              call("agents"),
            ),
          models: (directory) =>
            api.server.providers({ query: { directory } }).pipe(
              Effect.map(({ providers }) =>
                recognised(providers).flatMap(({ id, models }) => Object.keys(models).map((model) => `${id}/${model}`)),
              ),
              call("models"),
            ),
          directory: Effect.map(place(requestTimeout), ({ directory }) => directory),
          place,
          firstSeen: (timeout) =>
            api.server.project({ query: {} }).pipe(
              Effect.map(({ time }) => time?.created),
              call("project", { timeout }),
            ),
          inGit: (directory) =>
            api.server.project({ query: { directory } }).pipe(
              Effect.map(({ vcs }) => vcs === "git"),
              call("project"),
            ),
          sessions: newestSessions(allSessions),
          newestSessions,
          session: (id) => api.session.get(ofSession(id)).pipe(call("get session", { session: id })),
          createSession: (title) =>
            api.session
              .create({ query: {}, payload: title === undefined ? {} : { title } })
              .pipe(call("create session")),
          statuses: (directory) =>
            api.session.statuses({ query: { directory } }).pipe(
              Effect.map((all) => new Map(Object.entries(all).filter(([, { type }]) => type !== "idle"))),
              call("session status"),
            ),
          messages: (id, page) =>
            api.session.messages({ params: { sessionID: id }, query: page }).pipe(
              Effect.map(({ body, headers }) => ({ messages: recognised(body), older: headers["x-next-cursor"] })),
              call("messages", { session: id }),
            ),
          message: (sessionID, messageID) =>
            api.session
              .message({ params: { sessionID, messageID }, query: {} })
              .pipe(call("message", { session: sessionID })),
          prompt: (session, { text, ...prompt }) =>
            api.session
              .prompt({ ...ofSession(session), payload: { ...prompt, parts: [{ type: "text", text }] } })
              .pipe(call("prompt", { session })),
          diff: (session, messageID) =>
            api.session
              .diff({ params: { sessionID: session }, query: { messageID } })
              .pipe(Effect.map(recognised), call("diff", { session })),
          abort: (session) => api.session.abort(ofSession(session)).pipe(Effect.asVoid, call("abort", { session })),
          permissions: (directory) =>
            api.request.permissions({ query: { directory } }).pipe(Effect.map(recognised), call("permissions")),
          questions: (directory) =>
            api.request.questions({ query: { directory } }).pipe(Effect.map(recognised), call("questions")),
          replyPermission: (directory, requestID, payload) =>
            api.request
              .replyPermission({ params: { requestID }, query: { directory }, payload })
              .pipe(Effect.asVoid, call("reply to permission")),
          replyQuestion: (directory, requestID, answers) =>
            api.request
              .replyQuestion({ params: { requestID }, query: { directory }, payload: { answers } })
              .pipe(Effect.asVoid, call("reply to question")),
          rejectQuestion: (directory, requestID) =>
            api.request
              .rejectQuestion({ params: { requestID }, query: { directory } })
              .pipe(Effect.asVoid, call("reject question")),
          events: api.server.events().pipe(call("events", { timeout: connectTimeout })),
        }
      }
      return OpencodeClient.of({ at })
    }),
  )
}
