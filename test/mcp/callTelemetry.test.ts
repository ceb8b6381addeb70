/** The span and the metric of each tool call. */
import { assert, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, Schema } from "effect"
import { fileURLToPath } from "node:url"
import { makeRelay } from "../support/Executable.ts"
import { startRaw } from "../support/RawServer.ts"
import { ReportedSpan } from "./reportedSpans.ts"

const started = Effect.gen(function* () {
  const raw = yield* startRaw(yield* makeRelay(), { file: fileURLToPath(new URL("toyServer.ts", import.meta.url)) })
  yield* raw.initialize()
  return raw
})

const traceId = "0af7651916cd43dd8448eb211c80319c"
const spanId = "b7ad6b7169203331"

layer(NodeServices.layer, { excludeTestServices: true })("telemetry", (it) => {
  it.effect("each call is a server span of its own, which the client's traceparent can continue", () =>
    Effect.gen(function* () {
      const raw = yield* started
      const traceparent = `00-${traceId}-${spanId}-01`
      yield* raw.request("tools/call", { name: "count", arguments: {} })
      yield* raw.request("tools/call", { name: "count", arguments: {}, _meta: { traceparent } })
      yield* raw.request("tools/call", { name: "count", arguments: {}, _meta: { traceparent: "00-nonsense" } })
      yield* raw.request("tools/call", {
        name: "take_raw_schema",
        arguments: { phone: "a prompt of the user" },
      })
      yield* raw.request("tools/call", { name: "fail_with_error", arguments: {} })
      yield* raw.request("tools/call", { name: "return_failure", arguments: {} })
      yield* raw.request("tools/call", { name: "die", arguments: {} })
      yield* raw.request("tools/call", { name: "pay", arguments: { amount: "a prompt of the user" } })
      yield* raw.closeStdin
      yield* raw.ended

      const lines = (yield* raw.stderr).split("\n").filter((line) => line.startsWith('{"span"'))
      const spans = yield* Effect.forEach(lines, (line) => Schema.decodeEffect(ReportedSpan)(line))
      assert.deepStrictEqual(
        spans.map(({ attributes, failure, kind, span }) => [
          span,
          kind,
          attributes["error.type"],
          failure?.split("\n")[0],
        ]),
        [
          ["tools/call count", "server", undefined, undefined],
          ["tools/call count", "server", undefined, undefined],
          ["tools/call count", "server", undefined, undefined],
          ["tools/call take_raw_schema", "server", undefined, undefined],
          ["tools/call fail_with_error", "server", "Refused", "ErrorResult: Refused"],
          ["tools/call return_failure", "server", "Refused", "ErrorResult: Refused"],
          ["tools/call die", "server", "defect", "ErrorResult: defect"],
          ["tools/call pay", "server", "invalid arguments", "ErrorResult: invalid arguments"],
        ],
      )
      const [first, second, third] = spans
      assert.notProperty(first, "parent")
      assert.deepInclude(second, { traceId, parent: spanId })
      assert.notProperty(third, "parent")
      assert.notStrictEqual(first?.traceId, third?.traceId)
      assert.deepStrictEqual(first?.attributes, {
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": "count",
        "jsonrpc.request.id": "2",
        tool: "count",
      })
      for (const line of lines) {
        for (const secret of ["a prompt", "no paper", "a secret detail"]) assert.notInclude(line, secret)
      }
    }),
  )

  it.effect("the spans of a handler belong to the trace of its call", () =>
    Effect.gen(function* () {
      const raw = yield* started
      yield* raw.request("tools/call", { name: "metrics", arguments: {} })
      yield* raw.closeStdin
      yield* raw.ended
      const lines = (yield* raw.stderr).split("\n").filter((line) => line.startsWith('{"span"'))
      const [child, call] = yield* Effect.forEach(lines, (line) => Schema.decodeEffect(ReportedSpan)(line))
      assert.strictEqual(child?.span, "read metrics")
      assert.strictEqual(child?.traceId, call?.traceId)
      assert.strictEqual(child?.parent, call?.spanId)
    }),
  )

  it.effect("calls are counted by tool and result", () =>
    Effect.gen(function* () {
      const raw = yield* started
      yield* raw.request("tools/call", { name: "count", arguments: {} })
      yield* raw.request("tools/call", { name: "count", arguments: {} })
      yield* raw.request("tools/call", { name: "fail_with_error", arguments: {} })
      const { result } = yield* raw.request("tools/call", { name: "metrics", arguments: {} })
      assert.deepStrictEqual(result?.["structuredContent"], {
        result: [
          { attributes: { tool: "count", result: "success" }, state: { count: 2, incremental: true } },
          { attributes: { tool: "fail_with_error", result: "error" }, state: { count: 1, incremental: true } },
        ],
      })
    }),
  )
})
