/** OTLP export: the built executable under a real MCP client, with a collector that stores what it receives. */
import { assert, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, Schema } from "effect"
import { createServer } from "node:http"
import { makeRelay } from "../support/Executable.ts"
import { connect } from "../support/McpClients.ts"
import { startRaw } from "../support/RawServer.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { FleetToolkit } from "../../src/tools/FleetToolkit.ts"
import { listening } from "../support/loopback.ts"
import { eventually } from "../support/eventually.ts"

interface Received {
  readonly path: string
  readonly body: string
}

/** A collector. A hanging one accepts requests and never answers. */
const collector = Effect.fnUntraced(function* ({ hangs = false }: { readonly hangs?: boolean } = {}) {
  const received: Array<Received> = []
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => (body += chunk.toString()))
    request.on("end", () => {
      received.push({ path: request.url ?? "", body })
      if (!hangs) response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })
  const port = yield* listening(server)
  return {
    variables: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` },
    received: Effect.succeed(received),
    bodies: (path: string) =>
      Effect.sync(() => received.flatMap((one) => (one.path === path ? [one.body] : [])).join("\n")),
  }
})

const Traces = Schema.fromJsonString(
  Schema.Struct({
    resourceSpans: Schema.Array(
      Schema.Struct({
        scopeSpans: Schema.Array(
          Schema.Struct({
            spans: Schema.Array(Schema.Struct({ name: Schema.String, parentSpanId: Schema.optional(Schema.String) })),
          }),
        ),
      }),
    ),
  }),
)

const spansOf = (bodies: string) =>
  bodies
    .split("\n")
    .flatMap((body) => Schema.decodeSync(Traces)(body).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))

const eventuallyIncludes = (...parts: ReadonlyArray<string>) =>
  eventually((text: string) => parts.every((part) => text.includes(part)))

const fast = { OTEL_BSP_SCHEDULE_DELAY: "100", OTEL_METRIC_EXPORT_INTERVAL: "100", OTEL_BLRP_SCHEDULE_DELAY: "100" }

layer(NodeServices.layer, { excludeTestServices: true })("OTLP export", (it) => {
  it.effect("sends the spans and metrics of calls and turns, and neither prompts nor passwords", () =>
    Effect.gen(function* () {
      const { bodies, received, variables } = yield* collector()
      const password = "the-password-of-this-test"
      const opencode = yield* RealOpencode
      const relay = yield* makeRelay()
      yield* relay.register("real", opencode)
      const client = yield* connect(relay, {
        variables: { ...variables, ...fast, OPENCODE_SERVER_PASSWORD: password, LOG_LEVEL: "debug" },
      })
      const { create_session, list_instances, send_message } = FleetToolkit.tools
      yield* client.call(list_instances)
      const { session } = yield* client.call(create_session, { instance: "real" })
      yield* client.call(send_message, {
        instance: "real",
        session_id: session.session_id,
        message: "the-prompt-of-this-test",
      })
      yield* client.text(send_message, { instance: "real", session_id: "ses_none", message: "the-prompt-of-this-test" })

      yield* bodies("/v1/traces").pipe(
        eventuallyIncludes(
          '"name":"tools/call list_instances"',
          '"name":"tools/call send_message"',
          '"name":"Turns.send"',
          '"opencode.turn.outcome"',
          '"stringValue":"opencode-fleet"',
        ),
      )
      yield* bodies("/v1/metrics").pipe(
        eventuallyIncludes(
          '"name":"mcp.tool.calls"',
          '"name":"opencode_fleet.instances"',
          '"name":"opencode_fleet.refresh.duration"',
          '"name":"opencode_fleet.turns"',
        ),
      )
      yield* bodies("/v1/logs").pipe(eventuallyIncludes("answered"))
      const everything = (yield* received).map(({ body }) => body).join("\n")
      const secrets = ["the-prompt-of-this-test", password, btoa(`opencode:${password}`)]
      for (const secret of secrets) assert.notInclude(everything, secret)
    }).pipe(Effect.provide(RealOpencode.layer({ password: "the-password-of-this-test" }))),
  )

  it.effect("sends the remaining data at exit, and a hanging collector does not delay the exit", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      const working = yield* collector()
      const first = yield* startRaw(relay, { variables: working.variables })
      yield* first.initialize()
      yield* first.request("tools/call", { name: "list_instances", arguments: {} })
      yield* first.closeStdin
      assert.deepStrictEqual(yield* first.ended, { code: 0, signal: null })
      assert.include(yield* working.bodies("/v1/traces"), '"name":"tools/call list_instances"')
      assert.include(yield* working.bodies("/v1/metrics"), '"name":"mcp.tool.calls"')
      // The fleet's refreshes are not part of the first call that needs the fleet.
      const spans = spansOf(yield* working.bodies("/v1/traces"))
      assert.isTrue(spans.some(({ name, parentSpanId = "" }) => name === "Fleet.refresh" && parentSpanId === ""))

      const command = yield* collector()
      yield* Effect.gen(function* () {
        const instances = yield* startRaw(relay, { variables: command.variables, args: ["instances"] })
        assert.deepStrictEqual(yield* instances.ended, { code: 0, signal: null })
        return yield* command.bodies("/v1/traces")
        // Again if this busy process took longer to receive them than a command waits for that.
      }).pipe(eventuallyIncludes('"name":"Fleet.refresh"'))

      const hanging = yield* collector({ hangs: true })
      const second = yield* startRaw(relay, { variables: hanging.variables })
      yield* second.initialize()
      yield* second.request("tools/call", { name: "list_instances", arguments: {} })
      yield* second.kill("SIGTERM")
      assert.deepStrictEqual(yield* second.ended, { code: 0, signal: null })
    }),
  )

  it.effect.each([
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "not a URL", "not a URL"],
    ["OTEL_METRIC_EXPORT_INTERVAL", "often", "often"],
    ["OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret%zz", "…"],
  ] as const)("an invalid %s is the answer to every call, and ends a command", ([name, value, shown]) =>
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", [name]: value }
      const report = new RegExp(`^opencode-fleet: ${name}="${shown}" cannot be used: .+\\n$`, "u")
      const server = yield* startRaw(relay, { variables })
      yield* server.initialize()
      const { result } = yield* server.request("tools/call", { name: "list_instances", arguments: {} })
      assert.isTrue(result?.["isError"])
      assert.include(JSON.stringify(result), name)
      assert.notInclude(JSON.stringify(result), "secret")
      assert.match(yield* server.stderr, report)
      const command = yield* startRaw(relay, { variables, args: ["instances"] })
      assert.deepStrictEqual(yield* command.ended, { code: 1, signal: null })
      assert.match(yield* command.stderr, report)
      assert.strictEqual(yield* command.stdout, "")
    }),
  )
})
