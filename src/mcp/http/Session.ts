/** One session of a client up to revision 2025-11-25: its server, its transport, and the calls that run in it. */
import type { McpServer } from "@modelcontextprotocol/server"
import { Effect, type Scope } from "effect"
import type { HttpServerResponse } from "effect/http"
import type { Caller } from "../access/Gate.ts"
import { callerInfo } from "../access/callerInfo.ts"
import type { Backend } from "../toolServers.ts"
import { callsIn } from "./callAccess.ts"
import { CallTransport } from "./callTransport.ts"
import type { makeEventLog } from "./eventLog.ts"
import { handshakeRequest } from "./handshake.ts"
import { badRequest, serverResponse } from "./responses.ts"
import { makeRunningCalls } from "./runningCalls.ts"
import { makeSameIds } from "./sameIds.ts"
import { makeSessionUse } from "./sessionUse.ts"

export interface SessionOptions {
  /** Makes the server of a session. `offer` shows the tools of this caller. */
  readonly openServer: (backend: Pick<Backend, "call">) => {
    readonly server: McpServer
    readonly offer: (caller: Caller) => void
  }
  readonly call: (session: string, request: Parameters<Backend["call"]>[0]) => ReturnType<Backend["call"]>
  /** Whether a tool changes nothing. */
  readonly isReadonly: (tool: string) => boolean
  readonly failed: (error: Error) => void
}

interface OpenOptions extends SessionOptions {
  readonly id: string
  readonly caller: Caller
  readonly log: ReturnType<typeof makeEventLog>
  /** Milliseconds for which a client may resume a broken stream, or send its call again. */
  readonly resumableMs: number
  readonly now: () => number
  /** The client has ended the session. */
  readonly onEnded: () => void
  readonly onClosed: (session: Session) => void
}

export interface Session extends Pick<ReturnType<typeof makeSessionUse>, "isIdle" | "lastUsedAt"> {
  /** The caller whose session it is. */
  readonly subject: string
  readonly handle: (
    request: Request,
    body: unknown,
    caller: Caller,
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, Scope.Scope>
  /** Sends a message of the repeated handshake, which no client sees. False if it is refused. */
  readonly repeat: (message: object, url: string, header?: string) => Effect.Effect<boolean>
  /** Forgets the answers that are too old. */
  readonly expire: () => void
  readonly close: Effect.Effect<void>
}

/** The header of a request that resumes a stream. */
const lastEventHeader = "last-event-id"

/**
 * How long a client waits before it resumes a stream that was broken. Claude Code ends its session when that fails once, so
 * this is longer than a restart of the server takes.
 */
const resumeAfterMs = 3000

export const openSession = Effect.fnUntraced(function* (options: OpenOptions): Effect.fn.Return<Session> {
  const { caller, id, now } = options
  const { clear, knows, store } = options.log.openStore()
  const { clientGone, connect, isIdle, lastUsedAt, use } = makeSessionUse(now)
  const running = makeRunningCalls({ isReadonly: options.isReadonly, maxAgeMs: options.resumableMs, now })
  const beginRequest = makeSameIds({ isRunning: (call) => running.get(call) !== undefined })
  const transport = new CallTransport({
    callOf: running.get,
    sessionIdGenerator: () => id,
    eventStore: store,
    retryInterval: resumeAfterMs,
    onsessionclosed: options.onEnded,
  })
  const { offer, server } = options.openServer({
    call: (request) => {
      const end = use()
      const call = { ...request, id: request.context.mcpReq.id }
      return running.call(call, () => options.call(id, { ...request, clientGone })).finally(end)
    },
  })
  const session: Session = {
    subject: caller.subject,
    isIdle,
    lastUsedAt,
    expire: running.expire,
    close: Effect.promise(() => transport.close()),
    repeat: (message, url, header) =>
      Effect.promise(async () => {
        const response = await transport.handleRequest(handshakeRequest(url, header), {
          authInfo: callerInfo(caller),
          parsedBody: { jsonrpc: "2.0", ...message },
        })
        // It is over when its stream ends.
        await response.text()
        return response.ok
      }),
    handle: Effect.fnUntraced(function* (request, body, caller) {
      const lastEventId = request.method === "GET" ? request.headers.get(lastEventHeader) : null
      if (lastEventId !== null && !knows(lastEventId)) {
        return badRequest("Last-Event-ID is unknown, or its stream is over")
      }
      // Until the answer has been sent, which may be a stream.
      yield* Effect.acquireRelease(Effect.sync(connect), Effect.sync)
      yield* Effect.forEach(callsIn(body), (call) => beginRequest(call.id), { discard: true })
      offer(caller)
      const response = yield* Effect.promise(() =>
        transport.handleRequest(request, {
          authInfo: callerInfo(caller),
          ...(body === undefined ? {} : { parsedBody: body }),
        }),
      )
      return yield* serverResponse(response)
    }),
  }
  offer(caller)
  yield* Effect.promise(() => server.connect(transport))
  server.server.onerror = options.failed
  server.server.onclose = () => {
    clear()
    options.onClosed(session)
  }
  return session
})
