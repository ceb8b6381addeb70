/**
 * One MCP endpoint over HTTP, for many clients: sessions of revisions up to 2025-11-25 (`sessions.ts`), and requests of
 * 2026-07-28, which are independent of each other. Both run their calls in the same backend, as stdio does.
 */
import { createMcpHandler, isLegacyRequest } from "@modelcontextprotocol/server"
import { Effect, Ref, Result, type Scope, Stream, SubscriptionRef } from "effect"
import type { Tool, Toolkit } from "effect/ai"
import type { HttpServerRequest, HttpServerResponse } from "effect/http"
import { type Caller, Gate } from "../access/Gate.ts"
import { callerInfo, callerOf } from "../access/callerInfo.ts"
import { describeTools } from "../describeTool.ts"
import { type BackendOptions, makeBackend } from "../effectBackend.ts"
import type { TaskOptions } from "../tasks/Tasks.ts"
import { type Backend, makeToolServer, type ServeOptions } from "../toolServers.ts"
import { unknownTool } from "../unknownTool.ts"
import { bearerOf, refusalResponse } from "./bearer.ts"
import { makeCallBounds } from "./callBounds.ts"
import {
  type AccessRules,
  callsIn,
  isOffered,
  mayAsk,
  mayCall,
  missingScope,
  repliesToForm,
  scopesOf,
} from "./callAccess.ts"
import { readBody } from "./readBody.ts"
import { jsonRpcError, serverResponse } from "./responses.ts"
import { fallsBack, type Revisions } from "./revisions.ts"
import { makeSessions } from "./sessions.ts"

export interface EndpointOptions extends ServeOptions {
  /** Default: both. */
  readonly revisions?: Revisions
  /** Without rules, every caller may call every tool. */
  readonly access?: AccessRules
  /** How calls go on as tasks, for clients of 2026-07-28 that follow them. Default: they do not. */
  readonly tasks?: TaskOptions | undefined
  /** The answer to a call that is still running when the endpoint closes. */
  readonly endingText?: BackendOptions["endingText"]
  /** Further sessions close the one that was not used for the longest time. Default: 2,000. */
  readonly maxSessions?: number
  /** The same for the sessions of one caller. Default: 500. */
  readonly maxSessionsOfCaller?: number
}

export interface Endpoint {
  /** Answers a request whose Host and Origin have been checked. */
  readonly handle: (
    request: HttpServerRequest.HttpServerRequest,
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, Scope.Scope>
  /** Answers the calls that are running, and closes all streams. Belongs before the end of the HTTP server. */
  readonly close: Effect.Effect<void>
}

/** What the SDK needs. The token and cookies stay outside. */
const isForwarded = (name: string) =>
  name.startsWith("mcp-") || ["accept", "content-type", "last-event-id"].includes(name)

const webRequest = ({ headers, method }: HttpServerRequest.HttpServerRequest, signal: AbortSignal) =>
  // The URL is of no use to the SDK.
  new Request("http://localhost/mcp", {
    method,
    signal,
    headers: Object.entries(headers).flatMap(([name, value]) =>
      isForwarded(name) && value !== undefined ? [[name, value]] : [],
    ),
  })

const methods = ["POST", "GET", "DELETE"]

const methodNotAllowed = (allowed: ReadonlyArray<string>) =>
  jsonRpcError({ status: 405, code: -32000, message: "Method not allowed.", headers: { allow: allowed.join(", ") } })

/** A plain 400 makes clients of 2026-07-28 fall back to `initialize`. */
const olderRevisionOnly = () =>
  jsonRpcError({ status: 400, code: -32000, message: "Bad Request: initialize a session of revision 2025-11-25" })

const unavailable = (message: string, retryAfter: number) =>
  jsonRpcError({ status: 503, code: -32000, message, headers: { "retry-after": String(retryAfter) } })

const tooManySessions = () => unavailable("Too many sessions are in use. Try again later.", 30)
const closing = () => unavailable("The server is being stopped.", 1)

/** The most calls that wait at once: of a session, of a caller without sessions, and of all together. */
const maxCallsOfSession = 64
const maxCallsOfCaller = 512
const maxConcurrentCalls = 2048

/** How long the calls that are running at the end may take to be answered. */
const answersMayTake = "700 millis"

export const makeEndpoint = Effect.fnUntraced(function* <Tools extends Record<string, Tool.Any>, R>(
  toolkit: Toolkit.Toolkit<Tools>,
  handled: Effect.Effect<Toolkit.WithHandler<Tools>, never, R>,
  options: EndpointOptions,
) {
  const { access, revisions = "both" } = options
  const gate = yield* Gate
  const scopes = scopesOf(access, toolkit.tools)
  const backend = yield* makeBackend(toolkit, handled, {
    serverName: options.name,
    maxConcurrentCalls,
    tasks: options.tasks,
    ...(options.endingText === undefined ? {} : { endingText: options.endingText }),
    mayAsk: (caller) => mayAsk(access, caller),
    mayCall: (caller, tool) => mayCall(scopes, caller, tool),
  })
  const bounds = makeCallBounds(backend.call)
  const tools = describeTools(toolkit)
  const names = tools.map(({ name }) => name)

  const sessions = yield* makeSessions({
    openServer: (own) => {
      const { offer, server } = makeToolServer(options, tools, { ...backend, ...own }, "legacy")
      return { server, offer: (caller) => offer(isOffered(scopes, caller)) }
    },
    call: (session, request) => bounds.call(session, maxCallsOfSession, request),
    lostAnswer: (name) => (names.includes(name) ? backend.endingResult({ name, args: undefined }) : undefined),
    failed: backend.failed,
    maxSessions: options.maxSessions,
    maxSessionsOfCaller: options.maxSessionsOfCaller,
  })

  const modern = createMcpHandler(
    ({ authInfo }) => {
      const caller = callerOf(authInfo)
      const call: Backend["call"] = (request) => bounds.call(caller?.subject ?? "", maxCallsOfCaller, request)
      const { offer, server } = makeToolServer(options, tools, { ...backend, call }, "modern")
      if (caller !== undefined) offer(isOffered(scopes, caller))
      return server
    },
    { legacy: "reject", onerror: backend.failed },
  )
  const open = yield* SubscriptionRef.make(0)
  const isClosing = yield* Ref.make(false)
  const counted = Effect.acquireRelease(
    SubscriptionRef.update(open, (count) => count + 1),
    () => SubscriptionRef.update(open, (count) => count - 1),
  )
  const answered = SubscriptionRef.changes(open).pipe(
    Stream.takeUntil((count) => count === 0),
    Stream.runDrain,
  )
  const close = Effect.gen(function* () {
    if (yield* Ref.getAndSet(isClosing, true)) return
    yield* backend.end
    yield* Effect.timeoutOption(answered, answersMayTake)
    yield* sessions.close
    yield* Effect.promise(modern.close)
  })
  yield* Effect.addFinalizer(() => close)

  /** The answer to what the caller may not do: a call, also of a tool that does not exist, or a reply to a form. */
  const refusal = (caller: Caller, body: unknown) => {
    if (access !== undefined && !mayAsk(access, caller) && repliesToForm(body)) {
      return refusalResponse(gate.insufficient(caller, access.formScope))
    }
    const calls = callsIn(body)
    const [call] = calls
    if (call === undefined) return undefined
    const offered = names.filter(isOffered(scopes, caller))
    const withheld = names.filter((name) => !offered.includes(name))
    const problem = unknownTool(offered, {
      ...options.unavailable,
      ...Object.fromEntries(withheld.map((name) => [name, `the token does not allow ${scopes.get(name)}.`])),
    })
    const unusable = calls.find(({ tool }) => problem(tool) !== undefined)
    if (unusable !== undefined) {
      return jsonRpcError({ status: 200, code: -32602, id: unusable.id, message: problem(unusable.tool) ?? "" })
    }
    const missing = missingScope(scopes, caller, calls)
    return missing === undefined ? undefined : refusalResponse(gate.insufficient(caller, missing))
  }

  const post = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, caller: Caller) {
    const read = yield* readBody(request)
    if (Result.isFailure(read)) return read.failure
    const body = read.success
    // The end waits for the answers to calls only: a subscription has none.
    if (callsIn(body).length > 0) yield* counted
    const refused = refusal(caller, body)
    if (refused !== undefined) return refused
    const isOlder = yield* Effect.promise((signal) => isLegacyRequest(webRequest(request, signal), body))
    if (isOlder && revisions !== "2026") return yield* older(request, body, caller)
    if (!isOlder && fallsBack(revisions, body)) return olderRevisionOnly()
    const response = yield* Effect.promise((signal) =>
      modern.fetch(webRequest(request, signal), { authInfo: callerInfo(caller), parsedBody: body }),
    )
    return yield* serverResponse(response)
  })

  const older = (request: HttpServerRequest.HttpServerRequest, body: unknown, caller: Caller) =>
    Effect.flatMap(
      Effect.promise(async (signal) => webRequest(request, signal)),
      (webRequest) => sessions.handle(webRequest, body, caller),
    ).pipe(
      Effect.flatMap(serverResponse),
      Effect.catchTag("TooManySessions", () => Effect.sync(tooManySessions)),
    )

  const handle: Endpoint["handle"] = Effect.fnUntraced(
    function* (request) {
      const allowed = revisions === "2026" ? ["POST"] : methods
      if (!allowed.includes(request.method)) return methodNotAllowed(allowed)
      if (yield* Ref.get(isClosing)) return closing()
      const caller = yield* gate.verify(bearerOf(request))
      if (request.method !== "POST") return yield* older(request, undefined, caller)
      return yield* post(request, caller)
    },
    Effect.catchTag("Refused", (refused) => Effect.sync(() => refusalResponse(refused))),
  )

  return { handle, close } satisfies Endpoint
})
