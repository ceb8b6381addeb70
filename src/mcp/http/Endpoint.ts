/**
 * One MCP endpoint over HTTP, for many clients: sessions of revisions up to 2025-11-25 (`sessions.ts`), and requests of
 * 2026-07-28, which are independent of each other. Both run their calls in the same backend, as stdio does.
 */
import { createMcpHandler, isLegacyRequest } from "@modelcontextprotocol/server"
import { Effect, Result, type Scope } from "effect"
import type { Tool, Toolkit } from "effect/ai"
import type { HttpServerRequest, HttpServerResponse } from "effect/http"
import { type Caller, Gate } from "../access/Gate.ts"
import { callerInfo, callerOf } from "../access/callerInfo.ts"
import { describeTools } from "../describeTool.ts"
import { makeBackend } from "../effectBackend.ts"
import type { TaskOptions } from "../tasks/Tasks.ts"
import { makeToolServer, type ServeOptions } from "../toolServers.ts"
import { unknownTool } from "../unknownTool.ts"
import { bearerOf, refusalResponse } from "./bearer.ts"
import { type AccessRules, callsIn, isOffered, mayAsk, mayCall, missingScope, scopesOf } from "./callAccess.ts"
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
}

export interface Endpoint {
  /** Answers a request whose Host and Origin have been checked. */
  readonly handle: (
    request: HttpServerRequest.HttpServerRequest,
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, Scope.Scope>
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

const tooManySessions = () =>
  jsonRpcError({
    status: 503,
    code: -32000,
    message: "Too many sessions are in use. Try again later.",
    headers: { "retry-after": "30" },
  })

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
    tasks: options.tasks,
    mayAsk: (caller) => mayAsk(access, caller),
    mayCall: (caller, tool) => mayCall(scopes, caller, tool),
  })
  const tools = describeTools(toolkit)
  const names = tools.map(({ name }) => name)

  const sessions = yield* makeSessions({
    openServer: (own) => {
      const { offer, server } = makeToolServer(options, tools, { ...backend, ...own }, "legacy")
      return { server, offer: (caller) => offer(isOffered(scopes, caller)) }
    },
    call: backend.call,
    failed: backend.failed,
  })

  const modern = createMcpHandler(
    ({ authInfo }) => {
      const { offer, server } = makeToolServer(options, tools, backend, "modern")
      const caller = callerOf(authInfo)
      if (caller !== undefined) offer(isOffered(scopes, caller))
      return server
    },
    { legacy: "reject", onerror: backend.failed },
  )
  yield* Effect.addFinalizer(() => Effect.promise(modern.close))

  /** The answer to a call that the caller may not make, or whose tool does not exist. */
  const refusedCall = (caller: Caller, body: unknown) => {
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
    const refused = refusedCall(caller, body)
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
      const caller = yield* gate.verify(bearerOf(request))
      return yield* request.method === "POST" ? post(request, caller) : older(request, undefined, caller)
    },
    Effect.catchTag("Refused", (refused) => Effect.sync(() => refusalResponse(refused))),
  )

  return { handle } satisfies Endpoint
})
