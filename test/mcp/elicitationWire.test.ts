/** Questions to the person as JSON-RPC lines: what each protocol era sends, and malformed replies. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { makeRelay } from "../support/Executable.ts"
import { eventually } from "../support/eventually.ts"
import { startRaw } from "../support/RawServer.ts"
import { BundledToys } from "./bundledToys.ts"
import { meta2026 } from "../support/meta2026.ts"

const started = Effect.gen(function* () {
  return yield* startRaw(yield* makeRelay(), yield* BundledToys)
})

/** One process for the tests of revision 2026-07-28, whose requests are independent of each other. */
class Shared extends Context.Service<Shared, Effect.Success<typeof started>>()("test/mcp/Shared") {
  static readonly layer = Layer.effect(Shared, started)
}

/** A connection of an older revision with these client capabilities. */
const older = Effect.fnUntraced(function* (capabilities: object, protocolVersion = "2025-11-25") {
  const raw = yield* started
  const clientInfo = { name: "raw", version: "1" }
  yield* raw.request("initialize", { protocolVersion, capabilities, clientInfo })
  yield* raw.notify("notifications/initialized")
  return raw
})

/** One process for the tests of a client of revision 2025-11-25 with forms. They run one after the other. */
class SharedOlder extends Context.Service<SharedOlder, Effect.Success<typeof started>>()("test/mcp/SharedOlder") {
  static readonly layer = Layer.effect(SharedOlder, older({ elicitation: {} }))
}

/** The result of a call whose question gets this reply. */
const resultAfter = Effect.fnUntraced(function* (raw: Effect.Success<typeof started>, reply: unknown) {
  const questions = Effect.map(raw.answers, (all) => all.filter(({ method }) => method === "elicitation/create"))
  const before = (yield* questions).length
  const call = yield* raw.send("tools/call", { name: "ask", arguments: { times: 1 } })
  yield* raw.stdout.pipe(eventually((stdout) => stdout.split("elicitation/create").length > before + 1))
  const question = (yield* questions).at(-1)
  yield* raw.write(JSON.stringify({ jsonrpc: "2.0", id: question?.id, result: reply }))
  const { result } = yield* raw.answerTo(call)
  return result?.["structuredContent"]
})

/** The parameters of a call in revision 2026-07-28. */
const ask = (retry: object, capabilities: object = { elicitation: { form: {} } }) => ({
  name: "ask",
  arguments: { times: 1 },
  ...retry,
  _meta: meta2026(capabilities),
})

const asked = eventually((stdout: string) => stdout.includes("elicitation/create"))

const capabilities = [
  { announced: { elicitation: {} }, canAsk: true },
  { announced: { elicitation: { form: {} } }, canAsk: true },
  { announced: { elicitation: { form: {}, url: {} } }, canAsk: true },
  { announced: { elicitation: { url: {} } }, canAsk: false },
  { announced: { sampling: {} }, canAsk: false },
]

const shared = Layer.mergeAll(Shared.layer, SharedOlder.layer).pipe(Layer.provideMerge(BundledToys.layer))

layer(shared, { excludeTestServices: true })("a question", (it) => {
  for (const { announced, canAsk } of capabilities) {
    const what = `is ${canAsk ? "" : "not "}sent to a client that announces ${JSON.stringify(announced)}`

    it.effect(`in revision 2025-11-25 ${what}`, () =>
      Effect.gen(function* () {
        const raw = yield* older(announced)
        if (canAsk) {
          const replies = [{ action: "decline" }]
          assert.deepStrictEqual(yield* resultAfter(raw, { action: "decline" }), { canAsk, replies })
        } else {
          const { result } = yield* raw.request("tools/call", { name: "ask", arguments: { times: 1 } })
          assert.deepStrictEqual(result?.["structuredContent"], { canAsk, replies: [{ action: "unavailable" }] })
        }
      }),
    )

    it.effect(`in revision 2026-07-28 ${what}`, () =>
      Effect.gen(function* () {
        const raw = yield* Shared
        const { result } = yield* raw.request("tools/call", ask({}, announced))
        if (canAsk) assert.strictEqual(result?.["resultType"], "input_required")
        else {
          const replies = [{ action: "unavailable" }]
          assert.deepStrictEqual(result?.["structuredContent"], { canAsk, replies })
        }
      }),
    )
  }

  it.effect("is answered by a call of its own, also after a restart", () =>
    Effect.gen(function* () {
      const { result } = yield* Effect.flatMap(started, (raw) => raw.request("tools/call", ask({})))
      assert.deepInclude(result, { resultType: "input_required", requestState: "[]" })
      assert.containsAllKeys(result?.["inputRequests"], ["answer"])
      const raw = yield* started
      const inputResponses = { answer: { action: "accept", content: { colour: "red" } } }
      const answer = yield* raw.request("tools/call", ask({ inputResponses, requestState: result?.["requestState"] }))
      assert.deepStrictEqual(answer.result?.["structuredContent"], {
        canAsk: true,
        replies: [{ action: "accept", content: { colour: "red" } }],
        state: "[]",
      })
    }),
  )

  it.effect.each([
    "decline",
    {},
    { other: { action: "accept", content: {} } },
    { answer: "accept" },
    { answer: { action: "perhaps" } },
    { answer: { roots: [] } },
  ])("has no reply in %j, and the handler learns why", (inputResponses) =>
    Effect.gen(function* () {
      const raw = yield* Shared
      const { result } = yield* raw.request("tools/call", ask({ inputResponses, requestState: "[]" }))
      const detail = "the client's reply to the form is not one that MCP defines"
      assert.deepInclude(result?.["structuredContent"], { replies: [{ action: "unavailable", detail }] })
    }),
  )

  it.effect("is cancelled by a call that brings its state alone", () =>
    Effect.gen(function* () {
      const raw = yield* Shared
      const { result } = yield* raw.request("tools/call", ask({ requestState: "[]" }))
      assert.deepInclude(result?.["structuredContent"], { replies: [{ action: "cancel" }] })
    }),
  )

  it.effect.each([
    { action: "accept", content: "red" },
    { action: "accept", content: { a: { b: 1 } } },
    { action: "ok" },
    {},
    [],
  ])("in revision 2025-11-25 gives the handler whatever the client sends: %j", (reply) =>
    Effect.gen(function* () {
      const result = yield* resultAfter(yield* SharedOlder, reply)
      const detail = "the client's reply to the form is not one that MCP defines"
      const expected = "action" in reply && reply.action === "accept" ? reply : { action: "unavailable", detail }
      assert.deepInclude(result, { replies: [expected] })
    }),
  )

  it.effect("in revision 2025-06-18 has a switch for each option of a list, and the handler receives the list", () =>
    Effect.gen(function* () {
      const raw = yield* older({ elicitation: {} }, "2025-06-18")
      const call = yield* raw.send("tools/call", { name: "ask", arguments: { times: 1 } })
      yield* raw.stdout.pipe(asked)
      assert.include(
        yield* raw.stdout,
        '"also.1":{"type":"boolean","title":"blue","description":"Also","default":false}',
      )
      assert.notInclude(yield* raw.stdout, '"array"')
      const question = (yield* raw.answers).find(({ method }) => method === "elicitation/create")
      const content = { colour: "red", "also.1": false, "also.2": true }
      yield* raw.write(JSON.stringify({ jsonrpc: "2.0", id: question?.id, result: { action: "accept", content } }))
      const { result } = yield* raw.answerTo(call)
      const replies = [{ action: "accept", content: { colour: "red", also: ["gold"] } }]
      assert.deepInclude(result?.["structuredContent"], { replies })
    }),
  )

  it.effect.each([7, 0, null, true, "accept", [1], [{ action: "accept" }]])(
    "in revision 2025-11-25 ends the wait if the result is %j, and the handler learns why",
    (reply) =>
      Effect.gen(function* () {
        const result = yield* resultAfter(yield* SharedOlder, reply)
        const detail = "the client failed to show the form: The client sent a malformed response"
        assert.deepInclude(result, { replies: [{ action: "unavailable", detail }] })
      }),
  )

  it.effect.each(["", "garbage", "\u0000\u001b[2J", "x".repeat(1_000_000)])(
    "passes the state to the handler unchanged (%#)",
    (requestState) =>
      Effect.gen(function* () {
        const raw = yield* Shared
        const inputResponses = { answer: { action: "decline" } }
        const { result } = yield* raw.request("tools/call", ask({ inputResponses, requestState }))
        const replies = [{ action: "decline" }]
        assert.deepStrictEqual(result?.["structuredContent"], { canAsk: true, replies, state: requestState })
      }),
  )

  it.effect("does not start over if the reply has no state", () =>
    Effect.gen(function* () {
      const raw = yield* Shared
      const { result } = yield* raw.request("tools/call", ask({ inputResponses: { answer: { action: "decline" } } }))
      assert.deepStrictEqual(result?.["structuredContent"], {
        canAsk: true,
        replies: [{ action: "decline" }],
        state: "",
      })
    }),
  )

  it.effect("refuses a state that is not a string", () =>
    Effect.gen(function* () {
      const raw = yield* Shared
      const { error } = yield* raw.request("tools/call", ask({ requestState: { replies: [] } }))
      assert.strictEqual(error?.code, -32_602)
      assert.strictEqual((yield* raw.request("tools/call", ask({}))).result?.["resultType"], "input_required")
    }),
  )

  it.effect.each(["stdin is closed", "the server receives SIGTERM"])(
    "does not keep the process running when %s",
    (ending) =>
      Effect.gen(function* () {
        const raw = yield* older({ elicitation: {} })
        yield* raw.send("tools/call", { name: "ask", arguments: { times: 1 } })
        yield* raw.stdout.pipe(asked)
        yield* ending === "stdin is closed" ? raw.closeStdin : raw.kill("SIGTERM")
        assert.deepStrictEqual(yield* raw.ended, { code: 0, signal: null })
        const stderr = yield* raw.stderr
        assert.include(stderr, "stopped asking")
        assert.notInclude(stderr, "did not answer a question")
      }),
  )
})
