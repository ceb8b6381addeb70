/**
 * Chooses the version of opencode's API for each server. A server counts as opencode 1, without any additional request,
 * unless it was announced as opencode 2 or sends an answer that opencode 1 does not send. Then requests without credentials
 * identify it.
 */
import { Clock, Effect, Layer } from "effect"
import type { ClientError } from "./errors.ts"
import { type Opencode, OpencodeClient } from "./Opencode.ts"
import { remembered } from "./remembered.ts"
import type { Target } from "./Target.ts"

/** Makes the client of one version for a target. It makes no request. */
export type ClientOfVersion = (target: Target) => Opencode

export interface Versions<R1, R2> {
  readonly v1: Effect.Effect<ClientOfVersion, never, R1>
  /** Evaluated when a server may be opencode 2 for the first time, so it can load its module lazily. */
  readonly v2: Effect.Effect<ClientOfVersion, never, R2>
  /** Whether clients are kept for further use. Not worth it for thousands of servers that are asked once. Default: true. */
  readonly remembers?: boolean
}

/** Timeout of each request that identifies a server, in milliseconds. */
const identifyTimeout = 3000

/**
 * Whether the answer may come from a server of the other version. Such a server answers an unknown route with its web page
 * or with 405. The request had no effect, so it can be sent again to a route of the other version.
 */
const isFromOtherVersion = (error: ClientError) =>
  error._tag === "UnexpectedResponse" && (error.status === 200 || error.status === 405)

/**
 * The target of a program that may be anything: it must not receive credentials. Headers are for a proxy of the user's own,
 * which passes no request on without them.
 */
const withoutCredentials = ({ withheld: _withheld, ...target }: Target): Target => ({
  ...target,
  credentials: undefined,
})

/** A probe without credentials: the first of the two requests that identify a server. */
interface AnonymousProbe {
  /** In milliseconds. */
  readonly timeout: number
}

/**
 * The 401 of opencode 2, which always has a password; undefined for another server. Both requests carry no credentials:
 * opencode 2 answers the first with its web page, the second with 401. A 401 alone proves nothing, because opencode 1 with
 * a password sends it for every route. A probe that was answered with a web page is not sent again.
 */
const refusalOfVersion2 = (v1: ClientOfVersion, v2: ClientOfVersion, target: Target, probe?: AnonymousProbe) => {
  const anonymous = probe === undefined ? withoutCredentials(target) : target
  const timeout = probe?.timeout ?? identifyTimeout
  return Effect.gen(function* () {
    if (probe === undefined && !isFromOtherVersion(yield* Effect.flip(v1(anonymous).health(timeout)))) return undefined
    const refusal = yield* Effect.flip(v2(anonymous).health(timeout))
    return refusal._tag === "Unauthorized" && refusal.isOpencode ? refusal : undefined
  }).pipe(Effect.orElseSucceed(() => undefined))
}

const chooser = (v1: ClientOfVersion, loadV2: Effect.Effect<ClientOfVersion>): ClientOfVersion => {
  /** The servers that are known to be opencode 2, by URL. */
  const servers = new Map<string, ClientOfVersion>()

  const identify = (target: Target, probe?: AnonymousProbe) =>
    Effect.gen(function* () {
      const v2 = yield* loadV2
      const refusal = yield* refusalOfVersion2(v1, v2, target, probe)
      if (refusal !== undefined) servers.set(target.url, v2)
      return refusal
    })

  return (target) => {
    const isAnonymous = target.credentials === undefined && target.headers === undefined
    let made = { version: v1, opencode: v1(target) }
    const current = () => {
      const version = servers.get(target.url) ?? v1
      if (made.version !== version) made = { version, opencode: version(target) }
      return made
    }

    /** A server that was announced as opencode 2 is asked as such from the first request on. */
    const asAnnounced = Effect.suspend(() =>
      target.api === 2 && !servers.has(target.url)
        ? Effect.map(loadV2, (v2) => void servers.set(target.url, v2))
        : Effect.void,
    )

    const ask = <A>(
      request: (opencode: Opencode) => Effect.Effect<A, ClientError>,
      probe?: AnonymousProbe,
    ): Effect.Effect<A, ClientError> =>
      Effect.flatMap(asAnnounced, () => {
        const { opencode, version } = current()
        return request(opencode).pipe(
          Effect.catchIf(isFromOtherVersion, (error) => {
            if (version === v1) {
              return Effect.flatMap(identify(target, probe), (refusal) => {
                if (refusal === undefined) return Effect.fail(error)
                return probe === undefined ? Effect.suspend(() => request(current().opencode)) : Effect.fail(refusal)
              })
            }
            // The next request identifies the server again.
            servers.delete(target.url)
            return Effect.fail(error)
          }),
        )
      })

    return {
      get capabilities() {
        return current().opencode.capabilities
      },
      health: (timeout) => ask((opencode) => opencode.health(timeout), isAnonymous ? { timeout } : undefined),
      location: (timeout) => ask((opencode) => opencode.location(timeout)),
      directory: ask((opencode) => opencode.directory),
      machineMark: (timeout) => ask((opencode) => opencode.machineMark(timeout)),
      agents: (directory) => ask((opencode) => opencode.agents(directory)),
      models: (directory) => ask((opencode) => opencode.models(directory)),
      defaultModel: (directory) => ask((opencode) => opencode.defaultModel(directory)),
      describedAgents: (directory) => ask((opencode) => opencode.describedAgents(directory)),
      commands: (directory) => ask((opencode) => opencode.commands(directory)),
      projects: ask((opencode) => opencode.projects),
      createWorktree: (directory, name) => ask((opencode) => opencode.createWorktree(directory, name)),
      inGit: (directory) => ask((opencode) => opencode.inGit(directory)),
      sessions: ask((opencode) => opencode.sessions),
      newestSessions: (limit) => ask((opencode) => opencode.newestSessions(limit)),
      session: (id) => ask((opencode) => opencode.session(id)),
      hasDirectory: (directory) => ask((opencode) => opencode.hasDirectory(directory)),
      createSession: (options) => ask((opencode) => opencode.createSession(options)),
      forkSession: (session, before) => ask((opencode) => opencode.forkSession(session, before)),
      runningElsewhere: (sessions) => ask((opencode) => opencode.runningElsewhere(sessions)),
      statuses: (directory) => ask((opencode) => opencode.statuses(directory)),
      messages: (session, page) => ask((opencode) => opencode.messages(session, page)),
      countMessages: (session, page) => ask((opencode) => opencode.countMessages(session, page)),
      message: (session, id) => ask((opencode) => opencode.message(session, id)),
      diff: (session, message, version) => ask((opencode) => opencode.diff(session, message, version)),
      prepare: (session, choice) => ask((opencode) => opencode.prepare(session, choice)),
      prompt: (session, prompt) => ask((opencode) => opencode.prompt(session, prompt)),
      runCommand: (session, command) => ask((opencode) => opencode.runCommand(session, command)),
      queuedPrompts: (session) => ask((opencode) => opencode.queuedPrompts(session)),
      withdrawPrompt: (session, prompt) => ask((opencode) => opencode.withdrawPrompt(session, prompt)),
      keepAwake: (session) => ask((opencode) => opencode.keepAwake(session)),
      abort: (session) => ask((opencode) => opencode.abort(session)),
      pendingRequests: (directory) => ask((opencode) => opencode.pendingRequests(directory)),
      toolCalls: (session, message) => ask((opencode) => opencode.toolCalls(session, message)),
      decide: (directory, decision) => ask((opencode) => opencode.decide(directory, decision)),
      events: ask((opencode) => opencode.events),
    }
  }
}

/** `OpencodeClient` for servers of both versions. */
export const layer = <R1, R2>({ remembers = true, v1, v2 }: Versions<R1, R2>) =>
  Layer.effect(
    OpencodeClient,
    Effect.gen(function* () {
      const services = yield* Effect.context<R2>()
      const loadV2 = yield* Effect.cached(Effect.provideContext(v2, services))
      const at = chooser(yield* v1, loadV2)
      const clock = yield* Clock.Clock
      return OpencodeClient.of({ at: remembers ? remembered(at, () => clock.currentTimeMillisUnsafe()) : at })
    }),
  )
