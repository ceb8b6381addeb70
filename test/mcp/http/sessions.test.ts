/** What a session keeps. */
import { McpServer } from "@modelcontextprotocol/server"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { makeSessions } from "../../../src/mcp/http/sessions.ts"
import { initialize } from "./toyEndpoint.ts"

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
