/** What callers of an endpoint may do: clients of both eras, with tokens of different scopes. */
import { NodeHttpServer } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { createServer } from "node:http"
import { type Caller, Gate } from "../../../src/mcp/access/Gate.ts"
import { Unrecognized } from "../../../src/mcp/access/Verifier.ts"
import { verifyingGate } from "../../../src/mcp/access/verifyingGate.ts"
import { makeEndpoint } from "../../../src/mcp/http/Endpoint.ts"
import { McpEndpoint, mcpRoute } from "../../../src/mcp/http/McpEndpoint.ts"
import { connectHttp, kinds } from "../../support/McpClients.ts"
import * as Asking from "../askingToys.ts"
import { meta2026 } from "../../support/meta2026.ts"

const all = ["read", "send", "decide"]

const caller = (subject: string, scopes: ReadonlyArray<string>, stepsUp = false): Caller => ({
  subject,
  scopes: new Set(scopes),
  stepsUp,
})

const callers: Readonly<Record<string, Caller>> = {
  everything: caller("everything", all),
  reader: caller("reader", ["read"]),
  sender: caller("sender", ["read", "send"]),
  oauth: caller("oauth", ["read"], true),
}

const gate = Layer.succeed(
  Gate,
  verifyingGate({
    verifiers: [
      (token) => {
        const found = callers[Redacted.value(token)]
        return found === undefined ? Effect.fail(new Unrecognized({ reason: "Unknown." })) : Effect.succeed(found)
      },
    ],
    scopes: { all, base: "read", atLogin: ["read", "send"] },
    metadata: "http://localhost/metadata",
  }),
)

const endpoint = Layer.effect(
  McpEndpoint,
  Effect.flatMap(Asking.AskingToys, (kit) =>
    makeEndpoint(Asking.AskingToys, Effect.succeed(kit), {
      name: "toys",
      title: "Toys",
      version: "1.0.0",
      instructions: "Play",
      access: { scopeOf: ({ name }) => (name === "ask" ? "read" : "send"), formScope: "decide" },
    }),
  ),
)

const served = HttpRouter.serve(mcpRoute.pipe(Layer.provideMerge(endpoint)), {
  disableLogger: true,
  disableListenLog: true,
}).pipe(
  Layer.provide([Asking.layer, gate]),
  Layer.provideMerge(NodeHttpServer.layerServer(createServer, { host: "127.0.0.1", port: 0 })),
)

class Url extends Context.Service<Url, URL>()("test/Url") {
  static readonly layer = Layer.effect(
    Url,
    Effect.map(
      HttpServer.HttpServer,
      ({ address }) => new URL(`http://127.0.0.1:${"port" in address ? address.port : 0}/mcp`),
    ),
  ).pipe(Layer.provide(served))
}

const endpointFor = (token: string) =>
  Effect.map(Url, (url) => ({ url, headers: { authorization: `Bearer ${token}` } }))

/** Accepts every form. */
const person = () => Effect.succeed({ action: "accept", content: { colour: "red" } } as const)

const as = Effect.fnUntraced(function* (token: string, kind: (typeof kinds)[number]) {
  return yield* connectHttp(yield* endpointFor(token), { kind, person })
})

const goOn = {
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: {
    name: "go_on",
    arguments: {},
    _meta: meta2026(),
  },
}

const post = Effect.fnUntraced(function* (token: string | undefined, path = "") {
  const url = new URL(path, yield* Url)
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "go_on",
    ...(token === undefined ? {} : { authorization: token }),
  }
  return yield* Effect.promise(() => fetch(url, { method: "POST", headers, body: JSON.stringify(goOn) }))
})

layer(Url.layer, { excludeTestServices: true })("An endpoint", (it) => {
  it.effect.each(kinds)(
    "shows each caller the tools that its token allows, and forms only to one who may decide: %s",
    (kind) =>
      Effect.gen(function* () {
        const everything = yield* as("everything", kind)
        const sender = yield* as("sender", kind)
        const reader = yield* as("reader", kind)
        const oauth = yield* as("oauth", kind)
        const tools = ["ask", "ask_or_go_on", "go_on"]
        assert.sameMembers([...everything.tools], tools)
        assert.sameMembers([...sender.tools], tools)
        assert.deepStrictEqual(reader.tools, ["ask"])
        // A call can ask for more, so all tools are shown.
        assert.sameMembers([...oauth.tools], tools)
        const asked = yield* everything.call(Asking.Ask, { times: 1 })
        assert.deepStrictEqual(asked.replies, [{ action: "accept", content: { colour: "red" } }])
        for (const client of [sender, reader, oauth]) {
          const answer = yield* client.call(Asking.Ask, { times: 1 })
          assert.isFalse(answer.canAsk)
          assert.deepStrictEqual(answer.replies, [{ action: "unavailable" }])
        }
      }),
  )

  it.effect("runs no tool that the token does not allow, and says how to get there", () =>
    Effect.gen(function* () {
      const stepUp = yield* post("Bearer oauth")
      assert.strictEqual(stepUp.status, 403)
      assert.strictEqual(
        stepUp.headers.get("www-authenticate"),
        'Bearer error="insufficient_scope", error_description="the scope send is needed", scope="read send", resource_metadata="http://localhost/metadata"',
      )
      const hidden = yield* post("Bearer reader")
      assert.include(yield* Effect.promise(() => hidden.text()), "the token does not allow send")
      assert.strictEqual((yield* post("bearer sender")).status, 200)
    }),
  )

  it.effect("takes a token in the header only", () =>
    Effect.gen(function* () {
      const refused = [undefined, "Bearer ", "Bearer wrong", "Basic everything", "everything", "Bearer everything,"]
      for (const header of refused) assert.strictEqual((yield* post(header)).status, 401, header)
      assert.strictEqual((yield* post(undefined, "/mcp?access_token=everything")).status, 401)
    }),
  )
})
