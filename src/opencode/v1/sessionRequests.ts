/** Requests about sessions. */
import { Effect } from "effect"
import { type ClientError, DirectoryNotFound } from "../errors.ts"
import type { Opencode, SessionOptions } from "../Opencode.ts"
import { namedFor } from "../sessions/PermissionRule.ts"
import type { Session } from "../sessions/Session.ts"
import type { Call } from "../http/makeCall.ts"
import { mayHaveArrived, untilBack } from "../transient.ts"
import { uncertain } from "../uncertain.ts"
import type { Routes } from "./routes.ts"
import { ofSession } from "./sessionRoute.ts"
import { splitModel } from "./wire/model.ts"
import { understood } from "../http/tolerantArray.ts"

/** `GET /session` returns at most 100 sessions by default. */
const allSessions = 100_000

const sessionModel = (model: string) => {
  const { modelID, providerID } = splitModel(model)
  return { providerID, id: modelID }
}

/** What Bun says if it cannot reach a web site. */
const isOffline = /able to access the url|typo in the url/u

/**
 * Versions that have no route for the sessions of all projects pass the request on to opencode's web site: they answer with
 * its page, or fail without a network. Any other failure stays one, because the sessions of one project are not all.
 */
const hasNoSuchRoute = (error: ClientError) =>
  (error._tag === "UnexpectedResponse" && error.status === 200) ||
  (error._tag === "OpencodeError" && error.status === 500 && isOffline.test(error.detail))

/** opencode's words for a directory that it cannot list; versions before 1.17 pass the system's error on. */
const missingWords = /^Unexpected server error|ENOENT|ENOTDIR|no such file|not a directory/iu

/** Whether the directory may be missing. Another reason, such as a broken configuration file, is opencode's own to say. */
const isMissingDirectory = (error: ClientError) =>
  error._tag === "OpencodeError" && error.status === 500 && missingWords.test(error.detail)

export const sessionRequests = ({ api: { server, session: api } }: Routes, call: Call, instance: string) => {
  /**
   * opencode creates a session in any directory, also in one that does not exist, where every turn fails. Its error for such a
   * directory gives no reason, so it counts only if the server answers requests that need no directory.
   */
  const hasDirectory = (directory: string) =>
    server.files({ query: { directory, path: "." } }).pipe(
      call("files"),
      Effect.as(true),
      Effect.catchIf(isMissingDirectory, (error) =>
        Effect.mapBoth(
          api.listAll({ query: { limit: 1 } }).pipe(
            call("list sessions"),
            Effect.catchIf(hasNoSuchRoute, () => Effect.void),
          ),
          {
            onFailure: () => error,
            onSuccess: () => false,
          },
        ),
      ),
    )

  const newestSessions = (limit: number) =>
    api.listAll({ query: { limit } }).pipe(
      Effect.flatMap(understood("session")),
      call("list sessions"),
      Effect.catchIf(hasNoSuchRoute, () =>
        api.list({ query: { limit } }).pipe(Effect.flatMap(understood("session")), call("list sessions")),
      ),
      Effect.map((sessions) => sessions.filter(({ time }) => time.archived === undefined)),
    )
  /**
   * The session that a request of unknown outcome has created. opencode 1 takes no id for it, so it is the only new one with
   * its title and directory. `newest`: the last one before the request.
   */
  const findCreated = Effect.fnUntraced(function* (
    error: ClientError,
    newest: Session | undefined,
    { directory, title }: SessionOptions,
  ): Effect.fn.Return<Session, ClientError> {
    const unknown = (seen: string) => uncertain("creation", "", error, seen)
    const sessions = yield* Effect.mapError(untilBack(newestSessions(10)), () => unknown("the sessions cannot be read"))
    const [found, ...others] = sessions.filter(
      (session) =>
        session.id !== newest?.id &&
        session.parentID === undefined &&
        session.time.created >= (newest?.time.updated ?? 0) &&
        (title === undefined || session.title === title) &&
        (directory === undefined || session.directory === directory),
    )
    if (found === undefined) return yield* unknown("there is no new session so far")
    return others.length === 0 ? found : yield* unknown("there are several new sessions")
  })

  return {
    sessions: newestSessions(allSessions),
    newestSessions,
    session: (id) => api.get(ofSession(id)).pipe(call("get session", { session: id })),
    hasDirectory,
    createSession: Effect.fnUntraced(function* (options): Effect.fn.Return<Session, ClientError> {
      const { directory, title } = options
      if (directory !== undefined && !(yield* hasDirectory(directory))) {
        return yield* new DirectoryNotFound({ instance, directory })
      }
      const [newest] = yield* newestSessions(1)
      return yield* api
        .create({
          query: directory === undefined ? {} : { directory },
          payload: {
            ...(title === undefined ? {} : { title }),
            ...(options.agent === undefined ? {} : { agent: options.agent }),
            ...(options.model === undefined ? {} : { model: sessionModel(options.model) }),
            ...(options.permissions === undefined
              ? {}
              : { permission: options.permissions.map((rule) => namedFor(1, rule)) }),
          },
        })
        .pipe(
          call("create session"),
          Effect.catchIf(mayHaveArrived, (error) => findCreated(error, newest, options)),
        )
    }),
    forkSession: (session, before) =>
      api.fork({ ...ofSession(session), payload: before === undefined ? {} : { messageID: before } }).pipe(
        call("fork session", { session }),
        Effect.catchIf(mayHaveArrived, (error) => uncertain("creation", "", error)),
      ),
    statuses: (directory) =>
      api.statuses({ query: { directory } }).pipe(
        Effect.map((all) => new Map(Object.entries(all).filter(([, { type }]) => type !== "idle"))),
        call("session status"),
      ),
  } satisfies Partial<Opencode>
}
