/**
 * Sessions of clients up to revision 2025-11-25. A client may come back to its session at any time: after its streams broke,
 * after the session was closed because it was idle, and after a restart of the server (`sessionId.ts`).
 */
import type { CallToolResult, McpServer } from "@modelcontextprotocol/server"
import { Clock, Data, Effect, identity, Schedule, type Scope, Semaphore } from "effect"
import type { HttpServerResponse } from "effect/http"
import type { Caller } from "../access/Gate.ts"
import { callerInfo } from "../access/callerInfo.ts"
import type { Backend } from "../toolServers.ts"
import { callsIn } from "./callAccess.ts"
import { CallTransport, currentCall } from "./callTransport.ts"
import { makeEventLog } from "./eventLog.ts"
import { handshakeRequest, hasInitialize, initializeOf, invalidInitialize, sessionHeader } from "./handshake.ts"
import { badRequest, jsonRpcError, serverResponse } from "./responses.ts"
import { makeRunningCalls } from "./runningCalls.ts"
import { makeSameIds } from "./sameIds.ts"
import { readSessionId, type SessionId } from "./sessionId.ts"

export interface SessionsOptions {
  /** Makes the server of a session. `offer` shows the tools of this caller. */
  readonly openServer: (backend: Pick<Backend, "call">) => {
    readonly server: McpServer
    readonly offer: (caller: Caller) => void
  }
  readonly call: (session: string, request: Parameters<Backend["call"]>[0]) => ReturnType<Backend["call"]>
  /** Whether a tool changes nothing. */
  readonly isReadonly: (tool: string) => boolean
  /** The answer to a call whose stream is unknown: it has expired, or its server was killed. Undefined if there is no such tool. */
  readonly lostAnswer: (tool: string) => CallToolResult | undefined
  readonly failed: (error: Error) => void
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

/**
 * How long a client waits before it resumes a stream that was broken. Claude Code ends its session when that fails once, so
 * this is longer than a restart of the server takes.
 */
const resumeAfterMs = 3000

const sweepEvery = "30 seconds"

/** A client without a connection for this long may never come back. */
const goneAfterMs = 60 * 1000

const checkGoneEvery = "5 seconds"

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

interface Session {
  readonly subject: string
  readonly transport: CallTransport
  readonly offer: (caller: Caller) => void
  /** Whether the stream of an event can be resumed. */
  readonly knows: (eventId: string) => boolean
  /** What a request with this id begins with. */
  readonly begin: ReturnType<typeof makeSameIds>
  /** Forgets the answers that are too old. */
  readonly expire: () => void
  lastUsedAt: number
  /** Requests that are open, among them streams. */
  connections: number
  lastConnectedAt: number
  /** Requests and calls that are running, and open streams. */
  uses: number
}

/** The header of a request that resumes a stream. */
const lastEventHeader = "last-event-id"

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

  const isIdle = ({ uses }: Session) => uses === 0
  const use = (session: Session) => {
    session.uses++
    return (): void => {
      session.uses--
      session.lastUsedAt = now()
    }
  }
  const connect = (session: Session) => {
    session.connections++
    return (): void => {
      session.connections--
      session.lastConnectedAt = now()
    }
  }
  const isGone = ({ connections, lastConnectedAt }: Session) =>
    connections === 0 && now() - lastConnectedAt >= goneAfterMs
  const close = (session: Session) => Effect.promise(() => session.transport.close())

  /** The sessions of one caller take only a part of the room, so that there is some left for the others. */
  const makeRoom = Effect.fnUntraced(function* (caller: Caller) {
    const all = [...sessions.values()]
    const own = all.filter(({ subject }) => subject === caller.subject)
    const crowd = own.length >= maxSessionsOfCaller ? own : all.length >= maxSessions ? all : []
    if (crowd.length === 0) return
    const [oldest] = crowd.filter(isIdle).toSorted((one, other) => one.lastUsedAt - other.lastUsedAt)
    if (oldest === undefined) return yield* new TooManySessions()
    yield* close(oldest)
  })

  const open = Effect.fnUntraced(function* (id: string, caller: Caller) {
    yield* makeRoom(caller)
    const { clear, knows, store } = log.openStore()
    const running = makeRunningCalls({ isReadonly: options.isReadonly, maxAgeMs: resumableMs, now })
    const transport = new CallTransport({
      callOf: running.get,
      sessionIdGenerator: () => id,
      eventStore: store,
      retryInterval: resumeAfterMs,
      onsessionclosed: () => {
        for (const oldest of ended) if (ended.size >= maxEnded) ended.delete(oldest)
        ended.add(id)
      },
    })
    const { offer, server } = options.openServer({
      call: (request) => {
        const release = use(session)
        const call = { ...request, id: request.context.mcpReq.id }
        return running.call(call, () => options.call(id, { ...request, clientGone })).finally(release)
      },
    })
    const { expire } = running
    const begin = makeSameIds({ isRunning: (id) => running.get(id) !== undefined })
    const session: Session = {
      subject: caller.subject,
      transport,
      offer,
      knows,
      begin,
      expire,
      connections: 0,
      lastConnectedAt: now(),
      lastUsedAt: now(),
      uses: 0,
    }
    const clientGone = Effect.sync(() => isGone(session)).pipe(
      Effect.repeat({ until: identity<boolean>, schedule: Schedule.spaced(checkGoneEvery) }),
      Effect.asVoid,
    )
    offer(caller)
    yield* Effect.promise(() => server.connect(transport))
    server.server.onerror = options.failed
    server.server.onclose = () => {
      clear()
      if (sessions.get(id) === session) sessions.delete(id)
    }
    return session
  })

  /** Repeats the handshake of a session that is unknown here. Undefined if the id is not one of ours. */
  const revive = Effect.fnUntraced(function* (id: string, url: string, caller: Caller) {
    const facts = ended.has(id) ? undefined : readSessionId(id)
    if (facts === undefined) return undefined
    const session = yield* open(id, caller)
    const post = (body: object, header?: string) =>
      Effect.promise(async () => {
        const response = await session.transport.handleRequest(handshakeRequest(url, header), {
          authInfo: callerInfo(caller),
          parsedBody: { jsonrpc: "2.0", ...body },
        })
        // The handshake is over when its stream ends.
        await response.text()
        return response.ok
      })
    const isAccepted = yield* post({ id: "revive", method: "initialize", params: facts })
    if (!isAccepted) return void (yield* close(session))
    yield* post({ method: "notifications/initialized" }, id)
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

  const dispatch = Effect.fnUntraced(function* (session: Session, request: Request, body: unknown, caller: Caller) {
    const lastEventId = request.method === "GET" ? request.headers.get(lastEventHeader) : null
    if (lastEventId !== null && !session.knows(lastEventId))
      return badRequest("Last-Event-ID is unknown, or its stream is over")
    // Until the answer has been sent, which may be a stream.
    yield* Effect.forEach([use, connect], (begin) =>
      Effect.acquireRelease(
        Effect.sync(() => begin(session)),
        Effect.sync,
      ),
    )
    yield* Effect.forEach(callsIn(body), ({ id }) => session.begin(id), { discard: true })
    session.offer(caller)
    const response = yield* Effect.promise(() =>
      session.transport.handleRequest(request, {
        authInfo: callerInfo(caller),
        ...(body === undefined ? {} : { parsedBody: body }),
      }),
    )
    return yield* serverResponse(response)
  })

  const begin = Effect.fnUntraced(function* ({ facts, id }: SessionId, request: Request, body: object, caller: Caller) {
    // Within the permit, so that the next one that opens counts it.
    const counted = Effect.tap(open(id, caller), (session) => Effect.sync(() => sessions.set(id, session)))
    const session = yield* opening.withPermits(1)(counted)
    // Only what its id says of the client, as after a restart: the SDK keeps all that it is given, in each session.
    const response = yield* dispatch(session, request, { ...body, params: facts }, caller)
    // The client does not know a session that was refused, which must not take the room of others.
    if (response.status >= 400) yield* close(session)
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
      : yield* dispatch(session, request, body, caller)
  })

  const sweep = Effect.suspend(() => {
    log.expire()
    for (const { expire } of sessions.values()) expire()
    const oldest = now() - idleMs
    return Effect.forEach(
      [...sessions.values()].filter((session) => isIdle(session) && session.lastUsedAt < oldest),
      close,
      { discard: true },
    )
  })
  yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced(sweepEvery)))

  return {
    handle,
    close: Effect.suspend(() => Effect.forEach([...sessions.values()], close, { discard: true })),
  }
})
