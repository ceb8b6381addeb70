/**
 * Chooses the version of opencode's API for each server, without a request of its own: a server counts as opencode 1 until
 * it answers with something that opencode 1 does not send. Then it is asked, without credentials, whether it is opencode 2.
 */
import { Effect, Layer } from "effect"
import type { ClientError } from "./errors.ts"
import { type Opencode, OpencodeClient } from "./Opencode.ts"
import type { Target } from "./Target.ts"

/** Makes the client of one version for a target. It makes no request. */
export type ClientOfVersion = (target: Target) => Opencode

export interface Versions<R1, R2> {
  readonly v1: Effect.Effect<ClientOfVersion, never, R1>
  /** Evaluated when the first opencode 2 may have been found, so that it can load its module. */
  readonly v2: Effect.Effect<ClientOfVersion, never, R2>
}

/** Timeout of the question whether a server is opencode 2, in milliseconds. */
const identifyTimeout = 3000

/**
 * Whether the answer may come from a server of the other version: it has a web page for unknown routes, and 405 for
 * requests that are not `GET`. Neither has an effect, so the request can be repeated at the other version.
 */
const isFromOtherVersion = (error: ClientError) =>
  error._tag === "UnexpectedResponse" && (error.status === 200 || error.status === 405)

/** As a program that may be anything is asked: without credentials. */
const withoutCredentials = ({ withheld: _withheld, ...target }: Target): Target => ({
  ...target,
  credentials: undefined,
})

/** opencode 2 always has a password, and opencode 1 answers the route that is asked with its web page. */
const isVersion2 = (v2: ClientOfVersion, target: Target) =>
  v2(withoutCredentials(target))
    .health(identifyTimeout)
    .pipe(
      Effect.as(false),
      Effect.catch((error) => Effect.succeed(error._tag === "Unauthorized" && error.isOpencode)),
    )

const chooser = (v1: ClientOfVersion, loadV2: Effect.Effect<ClientOfVersion>): ClientOfVersion => {
  /** The servers that are known to be opencode 2, by URL. */
  const servers = new Map<string, ClientOfVersion>()

  const identify = (target: Target) =>
    Effect.gen(function* () {
      const v2 = yield* loadV2
      if (!(yield* isVersion2(v2, target))) return false
      servers.set(target.url, v2)
      return true
    })

  return (target) => {
    let made = { version: v1, opencode: v1(target) }
    const current = () => {
      const version = servers.get(target.url) ?? v1
      if (made.version !== version) made = { version, opencode: version(target) }
      return made
    }

    const ask = <A>(request: (opencode: Opencode) => Effect.Effect<A, ClientError>): Effect.Effect<A, ClientError> =>
      Effect.suspend(() => {
        const { opencode, version } = current()
        return request(opencode).pipe(
          Effect.catchIf(isFromOtherVersion, (error) => {
            if (version === v1) {
              return Effect.flatMap(identify(target), (isOther) =>
                isOther ? Effect.suspend(() => request(current().opencode)) : Effect.fail(error),
              )
            }
            // The next request finds out what runs there now.
            servers.delete(target.url)
            return Effect.fail(error)
          }),
        )
      })

    return {
      get capabilities() {
        return current().opencode.capabilities
      },
      health: (timeout) => ask((opencode) => opencode.health(timeout)),
      location: (timeout) => ask((opencode) => opencode.location(timeout)),
      directory: ask((opencode) => opencode.directory),
      machineMark: (timeout) => ask((opencode) => opencode.machineMark(timeout)),
      agents: (directory) => ask((opencode) => opencode.agents(directory)),
      models: (directory) => ask((opencode) => opencode.models(directory)),
      inGit: (directory) => ask((opencode) => opencode.inGit(directory)),
      sessions: ask((opencode) => opencode.sessions),
      newestSessions: (limit) => ask((opencode) => opencode.newestSessions(limit)),
      session: (id) => ask((opencode) => opencode.session(id)),
      createSession: (options) => ask((opencode) => opencode.createSession(options)),
      statuses: (directory) => ask((opencode) => opencode.statuses(directory)),
      messages: (session, page) => ask((opencode) => opencode.messages(session, page)),
      message: (session, id) => ask((opencode) => opencode.message(session, id)),
      diff: (session, message) => ask((opencode) => opencode.diff(session, message)),
      prompt: (session, prompt) => ask((opencode) => opencode.prompt(session, prompt)),
      abort: (session) => ask((opencode) => opencode.abort(session)),
      pendingRequests: (directory) => ask((opencode) => opencode.pendingRequests(directory)),
      decide: (directory, decision) => ask((opencode) => opencode.decide(directory, decision)),
      events: ask((opencode) => opencode.events),
    }
  }
}

/** `OpencodeClient` for servers of both versions. */
export const layer = <R1, R2>({ v1, v2 }: Versions<R1, R2>) =>
  Layer.effect(
    OpencodeClient,
    Effect.gen(function* () {
      const services = yield* Effect.context<R2>()
      const loadV2 = yield* Effect.cached(Effect.provideContext(v2, services))
      return OpencodeClient.of({ at: chooser(yield* v1, loadV2) })
    }),
  )
