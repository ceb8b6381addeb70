/** What a session keeps. */
import { McpServer } from "@modelcontextprotocol/server"
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { HttpServerResponse } from "effect/http"
import { makeSessions } from "../../../src/mcp/http/sessions.ts"
import type { ToolRequest } from "../../../src/mcp/toolServers.ts"
import { makeToolServer } from "../../../src/mcp/toolServers.ts"
import { fromData } from "../../../src/mcp/listedTool.ts"
import { initialize, toolCall } from "./toyEndpoint.ts"

it.effect("A session keeps little of what its client says about itself, which can be a megabyte", () =>
  Effect.gen(function* () {
    const server = new McpServer({ name: "toys", version: "1" })
    const { handle } = yield* makeSessions({
      openServer: () => ({ server, offer: () => {} }),
      call: () => Promise.reject(new Error("no call")),
      isReadonly: () => false,
      lostAnswer: () => undefined,
      failed: () => {},
    })
    const request = new Request("http://localhost/mcp", {
      method: "POST",
      headers: { accept: "application/json, text/event-stream", "content-type": "application/json" },
    })
    const body = initialize({ elicitation: { form: {} }, experimental: { large: { text: "x".repeat(10_000) } } })
    const caller = { subject: "anna", scopes: new Set<string>(), stepsUp: false }
    const response = HttpServerResponse.toWeb(yield* handle(request, body, caller))
    yield* Effect.promise(() => response.text())
    assert.deepStrictEqual(server.server.getClientCapabilities(), { elicitation: { form: {} } })
  }).pipe(Effect.scoped),
)

it.effect("A call learns that its client has been gone for a minute, and has not come back", () =>
  Effect.gen(function* () {
    const calls: Array<ToolRequest> = []
    const options = { name: "toys", title: "Toys", version: "1", instructions: "" }
    const backend = { initialized: () => {} }
    const tools = [fromData({ name: "wait", description: "Waits", annotations: {}, inputSchema: { type: "object" } })]
    const { handle } = yield* makeSessions({
      openServer: (own) => ({
        server: makeToolServer(options, tools, { ...backend, ...own }, "legacy").server,
        offer: () => {},
      }),
      call: (_session, request) => {
        calls.push(request)
        return new Promise(() => {})
      },
      isReadonly: () => false,
      lostAnswer: () => undefined,
      failed: () => {},
    })
    const post = Effect.fnUntraced(function* (body: object, session?: string) {
      const scope = yield* Scope.make()
      const request = new Request("http://localhost/mcp", {
        method: "POST",
        headers: {
          accept: "application/json, text/event-stream",
          "content-type": "application/json",
          ...(session === undefined ? {} : { "mcp-session-id": session }),
        },
      })
      const caller = { subject: "anna", scopes: new Set<string>(), stepsUp: false }
      const response = HttpServerResponse.toWeb(yield* handle(request, body, caller).pipe(Scope.provide(scope)))
      return { response, leave: Scope.close(scope, Exit.void) }
    })
    const begun = yield* post(initialize())
    yield* Effect.promise(() => begun.response.text())
    yield* begun.leave
    const session = begun.response.headers.get("mcp-session-id") ?? ""
    const call = yield* post(toolCall("wait"), session)
    yield* Effect.promise(() => new Promise(setImmediate))
    const gone = yield* Effect.forkChild(calls[0]?.clientGone ?? Effect.die("no call"))
    yield* TestClock.adjust("2 minutes")
    assert.isUndefined(gone.pollUnsafe())
    yield* call.leave
    yield* TestClock.adjust("50 seconds")
    assert.isUndefined(gone.pollUnsafe())
    // Any request of the session shows that its client is there.
    const other = yield* post({ jsonrpc: "2.0", method: "notifications/roots/list_changed" }, session)
    yield* other.leave
    yield* TestClock.adjust("50 seconds")
    assert.isUndefined(gone.pollUnsafe())
    yield* TestClock.adjust("20 seconds")
    yield* Fiber.join(gone)
  }).pipe(Effect.scoped),
)
