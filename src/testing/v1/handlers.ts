/** The routes of a fake opencode 1, built from the `HttpApi` declaration that the client is derived from. */
import { type Cause, Effect, Layer, Option, Queue, Schema, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder, HttpApiSchema } from "effect/http-api"
import type { SessionId } from "../../opencode/Identifiers.ts"
import type { Message } from "../../opencode/sessions/Message.ts"
import { OpencodeApi } from "../../opencode/v1/OpencodeApi.ts"
import { Cursor, cursorOf } from "../../opencode/v1/cursor.ts"
import type { WireEvent, WireFrame } from "../../opencode/v1/wire/WireEvent.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { splitModel } from "../../opencode/v1/wire/model.ts"
import { runCommand, untilIdle } from "../commands.ts"
import type { FakeState } from "../FakeState.ts"
import { event } from "../samples.ts"

/** An error in opencode's format, with any status. */
const refuse = (status: number, name: string, message: string) =>
  Effect.succeed(HttpServerResponse.jsonUnsafe({ name, data: { message } }, { status }))
const notFound = (message: string) => refuse(404, "NotFoundError", message)

const events = (fake: FakeState) =>
  Effect.gen(function* () {
    const queue = yield* Queue.unbounded<WireFrame, Cause.Done>()
    const listen = (payload: WireEvent) => Queue.offerUnsafe(queue, { directory: "/work/project", payload })
    const report = (directory: string, raw: unknown) =>
      Queue.offerUnsafe(queue, { directory, payload: { type: "unrecognised", raw } })
    const end = () => Queue.endUnsafe(queue)
    fake.listeners.add(listen)
    fake.reporters.add(report)
    fake.connections.add(end)
    Queue.offerUnsafe(queue, { payload: { type: "server.connected", properties: {} } })
    const heartbeats = Stream.tick("10 seconds").pipe(
      Stream.drop(1),
      Stream.filter(() => fake.heartbeats),
      Stream.map((): WireFrame => ({ payload: { type: "server.heartbeat", properties: {} } })),
    )
    return Stream.fromQueue(queue).pipe(
      Stream.merge(heartbeats, { haltStrategy: "left" }),
      Stream.ensuring(
        Effect.sync(() => {
          fake.listeners.delete(listen)
          fake.reporters.delete(report)
          fake.connections.delete(end)
        }),
      ),
    )
  })

const serverHandlers = (fake: FakeState) =>
  HttpApiBuilder.group(OpencodeApi, "server", (handlers) =>
    handlers.handleAll({
      health: () => Effect.sync(() => ({ healthy: true as const, version: fake.version })),
      events: () => events(fake),
      agents: () => Effect.sync(() => fake.agents),
      config: () => Effect.sync(() => (fake.defaultModel === undefined ? {} : { model: fake.defaultModel })),
      commands: () => Effect.sync(() => fake.commands),
      projects: () => Effect.sync(() => [...fake.projects, { worktree: fake.directory, sandboxes: fake.worktrees }]),
      createWorktree: ({ payload: { name } }) =>
        Effect.sync(() => {
          if (!fake.inGit) {
            const message = "Worktrees are only supported for git projects"
            return HttpServerResponse.jsonUnsafe({ name: "WorktreeNotGitError", data: { message } }, { status: 400 })
          }
          const directory = fake.addWorktree(name)
          fake.report(directory, { type: "worktree.ready", properties: { name } })
          return { name, directory }
        }),
      files: ({ query: { directory = "" } }) =>
        fake.missingDirectories.has(directory)
          ? refuse(500, "UnknownError", "Unexpected server error")
          : Effect.succeed([]),
      path: () => Effect.sync(() => ({ directory: fake.directory })),
      project: () => Effect.sync(() => (fake.inGit ? { id: "root", vcs: "git" } : { id: "global" })),
      providers: () => Effect.sync(() => ({ providers: fake.providers })),
    }),
  )

type Page =
  | HttpServerResponse.HttpServerResponse
  | HttpApiSchema.withHeaders<ReadonlyArray<Message>, { readonly "x-next-cursor"?: string }>

/** The number of messages before the one in the cursor. */
const olderOf = (all: ReadonlyArray<Message>, cursor: string) =>
  Option.map(Schema.decodeOption(Cursor)(cursor), ({ id }) =>
    Math.max(
      0,
      all.findIndex(({ info }) => info.id === id),
    ),
  )

const page = (
  all: ReadonlyArray<Message>,
  limit: number | undefined,
  before: string | undefined,
  isUnreadable: (message: Message) => boolean,
): Effect.Effect<Page> => {
  const position = before === undefined ? Option.some(all.length) : olderOf(all, before)
  if (Option.isNone(position) || (before !== undefined && limit === undefined)) {
    return Effect.succeed(HttpServerResponse.jsonUnsafe({ _tag: "BadRequest" }, { status: 400 }))
  }
  const end = position.value
  const start = limit === undefined ? 0 : Math.max(0, end - limit)
  if (all.slice(start, end).some(isUnreadable)) return refuse(400, "BadRequest", "Expected OutputFormatJsonSchema")
  const [oldest] = all.slice(start, end)
  const older = start === 0 || oldest === undefined ? {} : { "x-next-cursor": cursorOf(oldest.info) }
  return Effect.succeed(HttpApiSchema.withHeaders({ body: all.slice(start, end), headers: older }))
}

/** Runs `answer` for a session that exists; otherwise answers 404. */
const within = <A>(
  fake: FakeState,
  id: SessionId,
  answer: (session: Session) => Effect.Effect<A>,
): Effect.Effect<A | HttpServerResponse.HttpServerResponse> =>
  Effect.suspend((): Effect.Effect<A | HttpServerResponse.HttpServerResponse> => {
    const found = fake.sessions.find((session) => session.id === id)
    return found === undefined ? notFound(`Session not found: ${id}`) : answer(found)
  })

const newest = (sessions: ReadonlyArray<Session>, limit: number) =>
  sessions.toSorted((one, other) => other.time.updated - one.time.updated).slice(0, limit)

const sessionHandlers = (fake: FakeState) =>
  HttpApiBuilder.group(OpencodeApi, "session", (handlers) => {
    return handlers.handleAll({
      listAll: ({ query: { limit = 100 } }) =>
        Effect.sync(() =>
          newest(
            fake.sessions.filter(({ time }) => time.archived === undefined),
            limit,
          ),
        ),
      list: ({ query: { limit = 100 } }) => Effect.sync(() => newest(fake.sessions, limit)),
      create: ({
        payload: { agent, model, permission, title = "New session" },
        query: { directory = "/work/project" },
      }) =>
        Effect.sync(() => {
          const id = `ses_new${fake.sessions.length}` as SessionId
          const now = Math.max(0, ...fake.sessions.map(({ time }) => time.updated))
          const made: Session = {
            id,
            title,
            directory,
            time: { created: now, updated: now },
            ...(agent === undefined ? {} : { agent }),
            ...(model === undefined ? {} : { model: `${model.providerID}/${model.id}` }),
          }
          fake.sessions.push(made)
          if (permission !== undefined) fake.permissionRules.set(id, permission)
          return made
        }),
      fork: ({ params: { sessionID }, payload: { messageID } }) =>
        within(fake, sessionID, (session) => Effect.sync(() => fake.fork(session, messageID))),
      statuses: ({ query }) =>
        Effect.sync(() =>
          Object.fromEntries(
            fake.sessions.flatMap(({ directory, id }) => {
              const status = fake.statuses.get(id)
              return status === undefined || directory !== query.directory ? [] : [[id, status]]
            }),
          ),
        ),
      get: ({ params }) => within(fake, params.sessionID, Effect.succeed),
      messages: ({ params, query }) =>
        within(fake, params.sessionID, ({ id }) =>
          page(fake.messages.get(id) ?? [], query.limit, query.before, ({ info }) => fake.unreadable.has(info.id)),
        ),
      message: ({ params: { messageID, sessionID } }) =>
        within(fake, sessionID, ({ id }): Effect.Effect<Message | HttpServerResponse.HttpServerResponse> => {
          const found = fake.messages.get(id)?.find(({ info }) => info.id === messageID)
          if (fake.unreadable.has(messageID)) return refuse(400, "BadRequest", "Expected OutputFormatJsonSchema")
          return found === undefined ? notFound(`Message not found: ${messageID}`) : Effect.succeed(found)
        }),
      prompt: ({ params, payload: { parts, ...payload } }) =>
        within(fake, params.sessionID, ({ id }) =>
          Effect.sync(() => {
            const prompt = { ...payload, session: id, text: parts.map(({ text }) => text).join("\n") }
            fake.prompts.push(prompt)
            fake.onPrompt(prompt)
          }),
        ),
      command: ({ params, payload: { arguments: args, command, model, ...payload } }) =>
        within(fake, params.sessionID, ({ id }): Effect.Effect<object | HttpServerResponse.HttpServerResponse> => {
          const ran = runCommand(fake, command, args, {
            ...payload,
            session: id,
            ...(model === undefined ? {} : { model: splitModel(model) }),
          })
          if (ran === undefined)
            return refuse(500, "UnknownError", "Unexpected server error. Check server logs for details.")
          fake.prompts.push(ran.prompt)
          fake.onPrompt(ran.prompt)
          // The router runs this uninterruptibly, and the turn goes on without the client.
          return Effect.interruptible(Effect.as(untilIdle(fake, id), {}))
        }),
      diff: ({ query: { messageID } }) =>
        Effect.sync(() => (messageID === undefined ? [] : (fake.diffs.get(messageID) ?? []))),
      abort: ({ params: { sessionID } }) =>
        Effect.sync(() => {
          fake.aborts.push(sessionID)
          fake.statuses.delete(sessionID)
          fake.emit(...event.idle(sessionID))
          return true
        }),
    })
  })

const inDirectory =
  (fake: FakeState, directory: string | undefined) =>
  ({ sessionID }: { readonly sessionID: SessionId }) =>
    fake.sessions.find((session) => session.id === sessionID)?.directory === directory

const requestHandlers = (fake: FakeState) =>
  HttpApiBuilder.group(OpencodeApi, "request", (handlers) => {
    return handlers.handleAll({
      permissions: ({ query }) => Effect.sync(() => fake.permissions.filter(inDirectory(fake, query.directory))),
      questions: ({ query }) => Effect.sync(() => fake.questions.filter(inDirectory(fake, query.directory))),
      /** A rejection rejects every other open permission of the session as well. */
      replyPermission: ({ params: { requestID }, payload }) =>
        Effect.suspend((): Effect.Effect<boolean | HttpServerResponse.HttpServerResponse> => {
          const asked = fake.permissions.find(({ id }) => id === requestID)
          if (asked === undefined) return notFound(`Permission request not found: ${requestID}`)
          fake.permissions = fake.permissions.filter(({ id, sessionID }) =>
            payload.reply === "reject" ? sessionID !== asked.sessionID : id !== requestID,
          )
          fake.replies.push({ id: requestID, ...payload })
          fake.emit(event.replied(asked))
          return Effect.succeed(true)
        }),
      replyQuestion: ({ params: { requestID }, payload: { answers } }) =>
        Effect.suspend((): Effect.Effect<boolean | HttpServerResponse.HttpServerResponse> => {
          const asked = fake.questions.find(({ id }) => id === requestID)
          if (asked === undefined) return notFound(`Question request not found: ${requestID}`)
          fake.questions = fake.questions.filter(({ id }) => id !== requestID)
          fake.replies.push({ id: requestID, answers })
          fake.emit(event.answered(asked))
          return Effect.succeed(true)
        }),
      rejectQuestion: ({ params: { requestID } }) =>
        Effect.suspend((): Effect.Effect<boolean | HttpServerResponse.HttpServerResponse> => {
          const asked = fake.questions.find(({ id }) => id === requestID)
          if (asked === undefined) return notFound(`Question request not found: ${requestID}`)
          fake.questions = fake.questions.filter(({ id }) => id !== requestID)
          fake.replies.push({ id: requestID, reply: "reject" })
          fake.emit(event.dismissed(asked))
          return Effect.succeed(true)
        }),
    })
  })

/** All routes, without their protection. */
export const handlers = (fake: FakeState) =>
  HttpApiBuilder.layer(OpencodeApi).pipe(
    Layer.provide([serverHandlers(fake), sessionHandlers(fake), requestHandlers(fake)]),
  )
