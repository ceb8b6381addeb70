/**
 * Sessions of clients up to revision 2025-11-25. A client may come back to its session at any time: after its streams broke,
 * after the session was closed because it was idle, and after a restart of the server (`sessionId.ts`).
 */
import type { CallToolResult } from "@modelcontextprotocol/server"
import { Clock, Data, Effect, Schedule, type Scope, Semaphore } from "effect"
import type { HttpServerResponse } from "effect/http"
import type { Caller } from "../access/Gate.ts"
import { currentCall } from "./callTransport.ts"
import { makeEventLog } from "./eventLog.ts"
import { hasInitialize, initializeOf, invalidInitialize, sessionHeader } from "./handshake.ts"
import { badRequest, jsonRpcError } from "./responses.ts"
import { openSession, type Session, type SessionOptions } from "./Session.ts"
import { readSessionId, type SessionId } from "./sessionId.ts"

export interface SessionsOptions extends SessionOptions {
  /** The answer to a call whose stream is unknown: it has expired, or its server was killed. Undefined if there is no such tool. */
  readonly lostAnswer: (tool: string) => CallToolResult | undefined
  /** Further sessions close the one that was not used for the longest time. */
  readonly maxSessions?: number | undefined
  /** The same for the sessions of one caller. */
  readonly maxSessionsOfCaller?: number | undefined
  /** The most bytes of messages that are kept for clients whose stream breaks. */
  readonly maxEventBytes?: number
}

/** A session that is not in use is closed after this time. */
const idleMs = 10 * 60 * 1000

/** How long a client may take until it resumes a broken stream, or sends its call again. */
const resumableMs = 5 * 60 * 1000

const sweepEvery = "30 seconds"

/** Further ones may be revived after their client has closed them, which is harmless. */
const maxEnded = 2000

/** Every session is in use. */
export class TooManySessions extends Data.TaggedError("TooManySessions") {}

export interface Sessions {
  /** Answers a request of a client that does not speak 2026-07-28. */
  readonly handle: (
    request: Request,
    body: unknown,
    caller: Caller,
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, TooManySessions, Scope.Scope>
  readonly close: Effect.Effect<void>
}

export const makeSessions = Effect.fnUntraced(function* (
  options: SessionsOptions,
): Effect.fn.Return<Sessions, never, Scope.Scope> {
  const { maxEventBytes = 32 * 1024 * 1024, maxSessions = 2000, maxSessionsOfCaller = 500 } = options
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const log = makeEventLog({
    currentCall,
    lostAnswer: options.lostAnswer,
    maxBytes: maxEventBytes,
    maxAgeMs: resumableMs,
    now,
  })
  const opening = yield* Semaphore.make(1)
  const sessions = new Map<string, Session>()
  const ended = new Set<string>()

  /** The sessions of one caller take only a part of the room, so that there is some left for the others. */
  const makeRoom = Effect.fnUntraced(function* (caller: Caller) {
    const all = [...sessions.values()]
    const own = all.filter(({ subject }) => subject === caller.subject)
    const crowd = own.length >= maxSessionsOfCaller ? own : all.length >= maxSessions ? all : []
    if (crowd.length === 0) return
    const idle = crowd.filter((session) => session.isIdle())
    const [oldest] = idle.toSorted((one, other) => one.lastUsedAt() - other.lastUsedAt())
    if (oldest === undefined) return yield* new TooManySessions()
    yield* oldest.close
  })

  const open = Effect.fnUntraced(function* (id: string, caller: Caller) {
    yield* makeRoom(caller)
    return yield* openSession({
      ...options,
      id,
      caller,
      log,
      resumableMs,
      now,
      onEnded: () => {
        for (const oldest of ended) if (ended.size >= maxEnded) ended.delete(oldest)
        ended.add(id)
      },
      onClosed: (session) => {
        if (sessions.get(id) === session) sessions.delete(id)
      },
    })
  })

  /** Repeats the handshake of a session that is unknown here. Undefined if the id is not one of ours. */
  const revive = Effect.fnUntraced(function* (id: string, url: string, caller: Caller) {
    const facts = ended.has(id) ? undefined : readSessionId(id)
    if (facts === undefined) return undefined
    const session = yield* open(id, caller)
    const isAccepted = yield* session.repeat({ id: "revive", method: "initialize", params: facts }, url)
    if (!isAccepted) return void (yield* session.close)
    yield* session.repeat({ method: "notifications/initialized" }, url, id)
    sessions.set(id, session)
    return session
  })

  /** The session that a request names, or undefined if there is none for this caller. */
  const find = Effect.fnUntraced(function* (id: string, url: string, caller: Caller) {
    const known = Effect.sync(() => sessions.get(id))
    const knownOrRevived = Effect.flatMap(known, (session) =>
      session === undefined ? revive(id, url, caller) : Effect.succeed(session),
    )
    const session = (yield* known) ?? (yield* opening.withPermits(1)(knownOrRevived))
    return session?.subject === caller.subject ? session : undefined
  })

  const begin = Effect.fnUntraced(function* ({ facts, id }: SessionId, request: Request, body: object, caller: Caller) {
    // Within the permit, so that the next one that opens counts it.
    const counted = Effect.tap(open(id, caller), (session) => Effect.sync(() => sessions.set(id, session)))
    const session = yield* opening.withPermits(1)(counted)
    // Only what its id says of the client, as after a restart: the SDK keeps all that it is given, in each session.
    const response = yield* session.handle(request, { ...body, params: facts }, caller)
    // The client does not know a session that was refused, which must not take the room of others.
    if (response.status >= 400) yield* session.close
    return response
  })

  const handle = Effect.fnUntraced(function* (request: Request, body: unknown, caller: Caller) {
    const id = request.headers.get(sessionHeader)
    if (id === null) {
      const initialize = initializeOf(body)
      if (initialize === undefined) return badRequest("Mcp-Session-Id header is required")
      return initialize.session === undefined
        ? invalidInitialize(initialize)
        : yield* begin(initialize.session, request, initialize.body, caller)
    }
    const session = yield* find(id, request.url, caller)
    if (session === undefined) return jsonRpcError({ status: 404, code: -32001, message: "Session not found" })
    return hasInitialize(body)
      ? badRequest("the session of this Mcp-Session-Id is already initialized")
      : yield* session.handle(request, body, caller)
  })

  const sweep = Effect.suspend(() => {
    log.expire()
    const all = [...sessions.values()]
    for (const { expire } of all) expire()
    const oldest = now() - idleMs
    const unused = all.filter((session) => session.isIdle() && session.lastUsedAt() < oldest)
    return Effect.forEach(unused, ({ close }) => close, { discard: true })
  })
  yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced(sweepEvery)))

  return {
    handle,
    close: Effect.suspend(() => Effect.forEach([...sessions.values()], ({ close }) => close, { discard: true })),
  }
})
