/** Requests about sessions, their statuses and file changes. */
import { Effect } from "effect"
import { type ClientError, DirectoryNotFound } from "../errors.ts"
import type { Call } from "../http/makeCall.ts"
import { understood } from "../http/tolerantArray.ts"
import { freshSessionId, type SessionId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"
import { namedFor, type PermissionRule } from "../sessions/PermissionRule.ts"
import type { Session, SessionStatus } from "../sessions/Session.ts"
import { mayHaveArrived, untilBack } from "../transient.ts"
import { uncertain } from "../uncertain.ts"
import { directoryLookup } from "./missingDirectory.ts"
import type { Routes } from "./routes.ts"
import { sessionMetadata } from "./sessionMetadata.ts"
import { joinModel, splitModel } from "./wire/WireModel.ts"
import type { WireSession } from "./wire/WireSession.ts"

/** `GET /api/session` returns 50 sessions by default. */
const allSessions = 100_000

/** Lines of context in a diff: enough for whole files, so that the diffs of several turns can be merged. */
const wholeFile = 1_000_000

/** The title of a session that has none yet. */
const untitled = "New session"

const params = (sessionID: SessionId) => ({ params: { sessionID } })

const wireRule = (rule: PermissionRule) => {
  const { action, pattern, permission } = namedFor(2, rule)
  return { action: permission, resource: pattern, effect: action }
}

export const sessionOf = ({
  id,
  location: { directory },
  agent,
  model,
  parentID,
  revert,
  time,
  title = untitled,
}: WireSession): Session => ({
  id,
  title,
  directory,
  time,
  ...(agent === undefined ? {} : { agent }),
  ...(model === undefined ? {} : { model: joinModel(model) }),
  ...(parentID === undefined ? {} : { parentID }),
  ...(revert === undefined ? {} : { undoneFrom: revert.messageID }),
})

/** The sessions of all directories in which this server is running a turn. */
export const activeSessions = ({ api }: Routes, call: Call) =>
  api.session.active().pipe(
    Effect.map(({ data }) => Object.keys(data)),
    call("active sessions"),
  )

export const sessionRequests = (routes: Routes, call: Call, instance: string) => {
  const { session: api } = routes.api

  /** opencode creates a session in any directory, also in one that does not exist, where every later request fails. */
  const hasDirectory = directoryLookup(routes, call)

  const newestSessions = (limit: number) =>
    api.list({ query: { limit } }).pipe(
      Effect.flatMap(({ data }) => understood("session")(data)),
      Effect.map((sessions) => sessions.filter(({ time }) => time.archived === undefined).map(sessionOf)),
      call("list sessions"),
    )

  const get = (id: SessionId) =>
    api.get(params(id)).pipe(
      Effect.map(({ data }) => sessionOf(data)),
      call("get session", { session: id }),
    )

  return {
    sessions: newestSessions(allSessions),
    newestSessions,
    session: get,
    hasDirectory,
    createSession: Effect.fnUntraced(function* (options): Effect.fn.Return<Session, ClientError> {
      const { agent, directory, model, permissions, title } = options
      if (directory !== undefined && !(yield* hasDirectory(directory))) {
        return yield* new DirectoryNotFound({ instance, directory })
      }
      const payload = {
        id: yield* freshSessionId,
        ...(title === undefined ? {} : { title }),
        ...(directory === undefined ? {} : { location: { directory } }),
        ...(agent === undefined ? {} : { agent }),
        ...(model === undefined ? {} : { model: splitModel(model) }),
        ...(permissions === undefined ? {} : { permissions: permissions.map(wireRule) }),
      }
      const create = api.create({ payload }).pipe(
        Effect.map(({ data }) => sessionOf(data)),
        call("create session"),
      )
      return yield* create.pipe(
        Effect.catchIf(mayHaveArrived, (error) =>
          untilBack(get(payload.id)).pipe(
            // The id makes both requests one session.
            Effect.catchTag("SessionNotFound", () => create),
            Effect.mapError(() => uncertain("creation", "", error)),
          ),
        ),
      )
    }),
    forkSession: (session, before) =>
      api.fork({ ...params(session), payload: before === undefined ? {} : { before } }).pipe(
        Effect.map(({ data }) => sessionOf(data)),
        call("fork session", { session }),
        Effect.catchIf(mayHaveArrived, (error) => uncertain("creation", "", error)),
      ),
    statuses: () =>
      Effect.map(
        activeSessions(routes, call),
        (ids) => new Map(ids.map((id): [string, SessionStatus] => [id, { type: "busy" }])),
      ),
    diff: (session, from) =>
      api.diff({ ...params(session), query: { from, context: wholeFile } }).pipe(
        Effect.flatMap(({ data }) => understood("file change")(data)),
        call("diff", { session }),
        // It is not a user message.
        Effect.catchIf(
          (error) => error._tag === "OpencodeError" && error.status === 400,
          () => Effect.succeed([]),
        ),
      ),
    keepAwake: (session) => sessionMetadata(routes, call).touch(session),
    abort: (session) =>
      api.interrupt(params(session)).pipe(
        Effect.map(({ interrupted }) => ({ wasRunning: interrupted })),
        call("interrupt", { session }),
      ),
  } satisfies Partial<Opencode>
}
