/**
 * One MCP endpoint over HTTP, for many clients: sessions of revisions up to 2025-11-25 (`sessions.ts`), and requests of
 * 2026-07-28, which are independent of each other. Both run their calls in the same backend, as stdio does.
 */
import { createMcpHandler, isJSONRPCRequest, isLegacyRequest, type RequestId } from "@modelcontextprotocol/server"
import { Effect, Ref, Result, type Scope, Stream, SubscriptionRef } from "effect"
import type { Tool, Toolkit } from "effect/ai"
import type { HttpServerRequest, HttpServerResponse } from "effect/http"
import { type Caller, Gate } from "../access/Gate.ts"
import { callerIn, callerInfo, callerOf } from "../access/callerInfo.ts"
import { errorResult } from "../callResult.ts"
import { describeTools } from "../describeTool.ts"
import { type BackendOptions, makeBackend } from "../effectBackend.ts"
import type { TaskOptions } from "../tasks/Tasks.ts"
import { makeToolServer, type ServeOptions, type ToolRequest } from "../toolServers.ts"
import { unknownTool } from "../unknownTool.ts"
import { bearerOf, refusalResponse } from "./bearer.ts"
import { makeCallBounds } from "./callBounds.ts"
import {
  type AccessRules,
  type CallOfTool,
  callsIn,
  isOffered,
  mayAsk,
  mayCall,
  missingScope,
  repliesToForm,
  scopesOf,
} from "./callAccess.ts"
import { readBody } from "./readBody.ts"
import { badRequest, jsonRpcError, serverResponse } from "./responses.ts"
import { fallsBack, type Revisions } from "./revisions.ts"
import { makeSessions } from "./sessions.ts"
import { makeShares } from "./shares.ts"

export interface EndpointOptions extends ServeOptions {
  /** Default: both. */
  readonly revisions?: Revisions
  /** Without rules, every caller may call every tool. */
  readonly access?: AccessRules
  /** How calls go on as tasks, for clients of 2026-07-28 that follow them. Default: they do not. */
  readonly tasks?: TaskOptions | undefined
  /** The answer to a call that is still running when the endpoint closes. */
  readonly endingText?: BackendOptions["endingText"]
  readonly logFacts?: BackendOptions["logFacts"]
  /** The answer to a call whose answer is not known any more when its client comes back for it. */
  readonly lostText?: (tool: string) => string
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
const olderRevisionOnly = () => badRequest("initialize a session of revision 2025-11-25")

const unavailable = (message: string, retryAfter: number) =>
  jsonRpcError({ status: 503, code: -32000, message, headers: { "retry-after": String(retryAfter) } })

const tooManySessions = () => unavailable("Too many sessions are in use. Try again later.", 30)
const closing = () => unavailable("The server is being stopped.", 1)

/** Calls of all callers that run at once. Further ones wait. */
const maxConcurrentCalls = 2048

/** Subscriptions of one caller. The SDK has room for 1,024. */
const maxSubscriptionsOfCaller = 128

const tooManySubscriptions = (id: RequestId) =>
  jsonRpcError({
    status: 200,
    code: -32000,
    id,
    message: `This caller already has ${maxSubscriptionsOfCaller} subscriptions, which is the most. Close one of them.`,
  })

const defaultLostText = () =>
  "The answer to this call is no longer available: its connection was lost for too long, or the server was restarted."

/** How long the calls that are running at the end may take to be answered. */
const answersMayTake = "700 millis"

export const makeEndpoint = Effect.fnUntraced(function* <Tools extends Record<string, Tool.Any>, R>(
  toolkit: Toolkit.Toolkit<Tools>,
  handled: Effect.Effect<Toolkit.WithHandler<Tools>, never, R>,
  options: EndpointOptions,
) {
  const { access, lostText = defaultLostText, revisions = "both" } = options
  const gate = yield* Gate
  const scopes = scopesOf(access, toolkit.tools)
  const backend = yield* makeBackend(toolkit, handled, {
    serverName: options.name,
    maxConcurrentCalls,
    tasks: options.tasks,
    ...(options.endingText === undefined ? {} : { endingText: options.endingText }),
    ...(options.logFacts === undefined ? {} : { logFacts: options.logFacts }),
    mayAsk: (caller) => mayAsk(access, caller),
    mayCall: (caller, tool) => mayCall(scopes, caller, tool),
  })
  const within = makeCallBounds()
  const call = (request: ToolRequest, session?: string) =>
    within(callerIn(request.context)?.subject ?? "", session, () => backend.call(request))
  const subscriptions = makeShares(maxSubscriptionsOfCaller)
  const tools = describeTools(toolkit)
  const names = new Set(tools.map(({ name }) => name))
  const readonly = new Set(tools.flatMap(({ annotations, name }) => (annotations.readOnlyHint === true ? [name] : [])))

  const sessions = yield* makeSessions({
    openServer: (own) => {
      const { offer, server } = makeToolServer(options, tools, { ...backend, ...own }, "legacy")
      return { server, offer: (caller) => offer(isOffered(scopes, caller)) }
    },
    call: (session, request) => call(request, session),
    isReadonly: (tool) => readonly.has(tool),
    lostAnswer: (tool) => (names.has(tool) ? errorResult("lost", lostText(tool)).result : undefined),
    failed: backend.failed,
    maxSessions: options.maxSessions,
    maxSessionsOfCaller: options.maxSessionsOfCaller,
  })

  const modern = createMcpHandler(
    ({ authInfo }) => {
      const caller = callerOf(authInfo)
      const offered = caller === undefined ? tools : tools.filter(({ name }) => isOffered(scopes, caller)(name))
      return makeToolServer(options, offered, { ...backend, call: (request) => call(request) }, "modern").server
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
    backend.end()
    yield* Effect.timeoutOption(answered, answersMayTake)
    yield* sessions.close
    yield* Effect.promise(modern.close)
  })
  yield* Effect.addFinalizer(() => close)

  /** Why the caller cannot call a tool: it does not exist, or the caller is not shown it. */
  const unusableText = (caller: Caller, tool: string) => {
    const isShown = isOffered(scopes, caller)
    const all = [...names]
    const offered = all.filter(isShown)
    const withheld = all.filter((name) => !isShown(name))
    const problem = unknownTool(offered, {
      ...options.unavailable,
      ...Object.fromEntries(withheld.map((name) => [name, `the token does not allow ${scopes.get(name)}.`])),
    })
    return problem(tool) ?? ""
  }

  /** The answer to what the caller may not do: a call, also of a tool that does not exist, or a reply to a form. */
  const refusal = (caller: Caller, body: unknown, calls: ReadonlyArray<CallOfTool>) => {
    if (access !== undefined && !mayAsk(access, caller) && repliesToForm(body)) {
      return refusalResponse(gate.insufficient(caller, access.formScope))
    }
    const unusable = calls.find(({ tool }) => !names.has(tool) || !isOffered(scopes, caller)(tool))
    if (unusable !== undefined) {
      const { id, tool } = unusable
      return jsonRpcError({ status: 200, code: -32602, id, message: unusableText(caller, tool) })
    }
    const missing = missingScope(scopes, caller, calls)
    return missing === undefined ? undefined : refusalResponse(gate.insufficient(caller, missing))
  }

  /** Counts a subscription until its stream ends. False if the caller has too many. */
  const subscribes = ({ subject }: Caller) =>
    Effect.acquireRelease(
      Effect.sync(() => subscriptions.take(subject)),
      (isTaken) => Effect.sync(() => (isTaken ? subscriptions.release(subject) : undefined)),
    )

  const post = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, caller: Caller) {
    const read = yield* readBody(request)
    if (Result.isFailure(read)) return read.failure
    const body = read.success
    const calls = callsIn(body)
    // The end waits for the answers to calls only: a subscription has none.
    if (calls.length > 0) yield* counted
    const refused = refusal(caller, body, calls)
    if (refused !== undefined) return refused
    const web = webRequest(request, yield* Effect.abortSignal)
    const isOlder = yield* Effect.promise(() => isLegacyRequest(web, body))
    if (isOlder && revisions !== "2026") return yield* older(web, body, caller)
    if (!isOlder && fallsBack(revisions, body)) return olderRevisionOnly()
    if (isJSONRPCRequest(body) && body.method === "subscriptions/listen" && !(yield* subscribes(caller))) {
      return tooManySubscriptions(body.id)
    }
    const response = yield* Effect.promise(() => modern.fetch(web, { authInfo: callerInfo(caller), parsedBody: body }))
    return yield* serverResponse(response)
  })

  const older = (request: Request, body: unknown, caller: Caller) =>
    Effect.catchTag(sessions.handle(request, body, caller), "TooManySessions", () => Effect.sync(tooManySessions))

  const handle: Endpoint["handle"] = Effect.fnUntraced(
    function* (request) {
      const allowed = revisions === "2026" ? ["POST"] : methods
      if (!allowed.includes(request.method)) return methodNotAllowed(allowed)
      if (yield* Ref.get(isClosing)) return closing()
      const caller = yield* gate.verify(bearerOf(request))
      if (request.method === "POST") return yield* post(request, caller)
      return yield* older(webRequest(request, yield* Effect.abortSignal), undefined, caller)
    },
    Effect.catchTag("Refused", (refused) => Effect.sync(() => refusalResponse(refused))),
  )

  return { handle, close } satisfies Endpoint
})
