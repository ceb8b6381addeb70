/** `serve` with every kind of tool that a Toolkit can hold. Effect's own `McpServer` is the yardstick. */
import { assert, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Context, Effect, Layer, Predicate, References } from "effect"
import { McpProtocol, McpServer, McpTest } from "effect/ai"
import { fileURLToPath } from "node:url"
import { makeRelay } from "../support/Executable.ts"
import { connect, type Filled, kinds } from "../support/McpClients.ts"
import { startRaw } from "../support/RawServer.ts"
import * as Varied from "./variedTools.ts"
import { meta2026 } from "../support/meta2026.ts"

type Client = Effect.Success<ReturnType<typeof startRaw>>

const start = Effect.gen(function* () {
  return yield* startRaw(yield* makeRelay(), { file: fileURLToPath(new URL("toyServer.ts", import.meta.url)) })
})

/** One server process for all tests: each call is independent. */
class Served extends Context.Service<Served, Client>()("test/mcp/Served") {
  static readonly layer = Layer.effect(
    Served,
    Effect.tap(start, (client) => client.initialize()),
  )
}

/** One server process whose client speaks revision 2026-07-28 in each request. */
class Modern extends Context.Service<Modern, Client>()("test/mcp/Modern") {
  static readonly layer = Layer.effect(Modern, start)
}

const call = (name: string, args: object = {}) =>
  Effect.gen(function* () {
    const { result } = yield* (yield* Served).request("tools/call", { name, arguments: args })
    return result ?? {}
  })

const callModern = (name: string, args: object, more: object = {}, capabilities: object = { elicitation: {} }) =>
  Effect.gen(function* () {
    const { result } = yield* (yield* Modern).request("tools/call", {
      name,
      arguments: args,
      ...more,
      _meta: meta2026(capabilities),
    })
    return result ?? {}
  })

const tool = (name: string) =>
  Effect.gen(function* () {
    const { result } = yield* (yield* Served).request("tools/list")
    const tools = result?.["tools"]
    assert(Array.isArray(tools))
    const found: unknown = tools.find((tool: { readonly name: string }) => tool.name === name)
    assert(Predicate.isObject(found))
    return found
  })

const textOf = (result: Readonly<Record<string, unknown>>) => {
  const { content } = result
  assert(Array.isArray(content))
  return content.map(({ text }: { readonly text: string }) => text).join("\n")
}

const failsWith = (result: Readonly<Record<string, unknown>>, text: string) => {
  assert.isTrue(result["isError"])
  assert.strictEqual(textOf(result), text)
  assert.notProperty(result, "structuredContent")
}

/** What the two servers have to agree on. Effect's own leaves out a success's `isError`. */
const outcome = ({ isError = false, structuredContent }: Readonly<Record<string, unknown>>) => ({
  isError,
  structuredContent,
})

layer(NodeServices.layer, { excludeTestServices: true })("serve", (it) => {
  it.effect.each(kinds)("asks for approval, and for choices with titles, through %s", (kind) =>
    Effect.gen(function* () {
      const replies: Array<Filled> = [
        { action: "accept", content: { decision: "Run it" } },
        { action: "accept", content: { size: "l", extras: ["m", "s"] } },
      ]
      const person = () => Effect.orDie(Effect.fromNullishOr(replies.shift()))
      const file = fileURLToPath(new URL("toyServer.ts", import.meta.url))
      const client = yield* connect(yield* makeRelay(), { kind, file, person })
      const { choose, pay } = Varied.AskingVariedTools.tools
      assert.deepStrictEqual(yield* client.call(pay, { amount: 5 }), { text: "paid 5" })
      const { text } = yield* client.call(choose)
      assert.deepStrictEqual(JSON.parse(text), { action: "accept", content: { size: "l", extras: ["m", "s"] } })
    }),
  )

  it.layer(Layer.merge(Served.layer, Modern.layer))("with any Toolkit", (it) => {
    it.effect("a tool without a success schema has no output schema and answers with no content", () =>
      Effect.gen(function* () {
        assert.notProperty(yield* tool("succeed_with_nothing"), "outputSchema")
        const result = yield* call("succeed_with_nothing")
        assert.deepStrictEqual(result["content"], [])
        assert.notProperty(result, "structuredContent")
        assert.notStrictEqual(result["isError"], true)
      }),
    )

    it.effect("a string is its own text, and is wrapped in an object where the revision requires one", () =>
      Effect.gen(function* () {
        assert.deepInclude(yield* tool("succeed_with_string"), {
          outputSchema: { type: "object", properties: { result: { type: "string" } }, required: ["result"] },
        })
        const result = yield* call("succeed_with_string")
        assert.strictEqual(textOf(result), "hello")
        assert.deepStrictEqual(result["structuredContent"], { result: "hello" })
        assert.strictEqual((yield* callModern("succeed_with_string", {}))["structuredContent"], "hello")
      }),
    )

    it.effect("a list is JSON as text", () =>
      Effect.gen(function* () {
        const result = yield* call("succeed_with_array")
        assert.strictEqual(textOf(result), '["a","b"]')
        assert.deepStrictEqual(result["structuredContent"], { result: ["a", "b"] })
      }),
    )

    it.effect(
      "a declared failure reaches the model: a struct as JSON, a string as it is, an error as its message",
      () =>
        Effect.gen(function* () {
          failsWith(yield* call("fail_with_struct"), '{"reason":"no paper"}')
          failsWith(yield* call("fail_with_string"), "no paper")
          failsWith(yield* call("fail_with_error"), "refused: no paper")
        }),
    )

    it.effect("a failure that is returned is an error as well", () =>
      Effect.gen(function* () {
        failsWith(yield* call("return_failure"), "refused: no paper")
      }),
    )

    it.effect("a defect, and a result that its schema refuses, are errors of the server by its own name", () =>
      Effect.gen(function* () {
        const text = "Internal error of toys; its log (stderr) has the details. Other calls still work."
        failsWith(yield* call("die"), text)
        failsWith(yield* call("break_schema"), text)
      }),
    )

    it.effect("model output keeps images, audio, documents and links", () =>
      Effect.gen(function* () {
        const { content, structuredContent } = yield* call("show_files")
        assert.deepStrictEqual(structuredContent, { text: "files" })
        assert.deepStrictEqual(content, [
          { type: "text", text: "files" },
          { type: "image", data: Varied.png, mimeType: "image/png" },
          { type: "audio", data: Varied.wav, mimeType: "audio/wav" },
          {
            type: "resource",
            resource: { uri: "attachment:///notes.md", mimeType: "text/markdown", text: "# Notes" },
          },
          { type: "resource", resource: { uri: "attachment:///file", mimeType: "application/pdf", blob: "JVBERi0=" } },
          {
            type: "resource_link",
            uri: "https://example.com/plan.png",
            name: "plan.png",
            mimeType: "image/png",
          },
        ])
      }),
    )

    it.effect(
      "a raw JSON Schema is advertised in the form that all model APIs take, and its arguments are not checked",
      () =>
        Effect.gen(function* () {
          assert.deepInclude(yield* tool("take_raw_schema"), {
            inputSchema: { type: "object", properties: { phone: { type: "string" }, email: { type: "string" } } },
          })
          const { structuredContent } = yield* call("take_raw_schema", { phone: 1, email: "", other: 2 })
          assert.deepStrictEqual(structuredContent, { received: { phone: "1", other: 2 } })
        }),
    )

    it.effect.each(Object.keys(Varied.VariedTools.tools))("%s ends as with Effect's own McpServer", (name) =>
      Effect.gen(function* () {
        const client = yield* McpTest.makeClient(
          McpServer.toolkit(Varied.VariedTools).pipe(Layer.provide(Varied.layer)),
          { protocols: [McpProtocol.v2026_07_28] },
        )
        const expected = yield* client.callTool({ name, arguments: {} })
        const result = yield* callModern(name, {})
        assert.deepStrictEqual(outcome(result), outcome({ ...expected }))
      }).pipe(Effect.provideService(References.MinimumLogLevel, "None")),
    )

    it.effect("a tool that needs approval does not run where no form can be shown", () =>
      Effect.gen(function* () {
        const text = "was not run: it needs a person's approval, and this client cannot show a form."
        failsWith(yield* call("pay", { amount: 5 }), `pay ${text}`)
        failsWith(yield* callModern("pay", { amount: 5 }, {}, {}), `pay ${text}`)
        failsWith(yield* call("pay_much", { amount: 100 }), `pay_much ${text}`)
        assert.strictEqual(textOf(yield* call("pay_much", { amount: 99 })), '{"text":"paid 99"}')
      }),
    )

    it.effect("a tool does not run where it is unclear whether it needs approval", () =>
      Effect.gen(function* () {
        failsWith(
          yield* call("pay_unclear"),
          "Internal error of toys; its log (stderr) has the details. Other calls still work.",
        )
      }),
    )

    it.effect("wrong arguments of a tool that needs approval are refused without a question", () =>
      Effect.gen(function* () {
        const result = yield* callModern("pay", { amount: "much" })
        assert.isTrue(result["isError"])
        assert.include(textOf(result), "The parameters of pay are: amount (required).")
      }),
    )

    it.effect("the person is shown the call, and it runs once they approve it", () =>
      Effect.gen(function* () {
        const question = yield* callModern("pay", { amount: 5 })
        assert.strictEqual(question["resultType"], "input_required")
        const { inputRequests } = question
        assert(Predicate.hasProperty(inputRequests, "answer"))
        assert.deepInclude(inputRequests.answer, {
          params: {
            mode: "form",
            message: 'Allow this call of pay?\nArguments: {"amount":5}',
            requestedSchema: {
              type: "object",
              properties: { decision: { type: "string", title: "Decision", enum: ["Run it", "Do not run it"] } },
              required: ["decision"],
            },
          },
        })
        const reply = (args: object, answer: object) =>
          callModern("pay", args, { requestState: question["requestState"], inputResponses: { answer } })
        const approved = { action: "accept", content: { decision: "Run it" } }
        assert.deepStrictEqual((yield* reply({ amount: 5 }, approved))["structuredContent"], { text: "paid 5" })
        failsWith(
          yield* reply({ amount: 5000 }, approved),
          "pay was not run: the reply belongs to another call; call the tool again without it.",
        )
        const rejected = "pay was not run: the person did not approve it."
        failsWith(yield* reply({ amount: 5 }, { action: "accept", content: { decision: "Do not run it" } }), rejected)
        failsWith(yield* reply({ amount: 5 }, { action: "accept", content: {} }), rejected)
        failsWith(yield* reply({ amount: 5 }, { action: "decline" }), rejected)
        failsWith(
          yield* reply({ amount: 5 }, { action: "cancel" }),
          "pay was not run: the person closed the form without a decision.",
        )
      }),
    )

    it.effect("an approved tool can ask questions of its own", () =>
      Effect.gen(function* () {
        const approval = yield* callModern("pay_and_ask", {})
        const question = yield* callModern(
          "pay_and_ask",
          {},
          {
            requestState: approval["requestState"],
            inputResponses: { answer: { action: "accept", content: { decision: "Run it" } } },
          },
        )
        assert.strictEqual(question["resultType"], "input_required")
        const answer = { action: "accept", content: { how: "cash" } }
        const { structuredContent } = yield* callModern(
          "pay_and_ask",
          {},
          {
            requestState: question["requestState"],
            inputResponses: { answer },
          },
        )
        assert.deepStrictEqual(structuredContent, { text: JSON.stringify(answer) })
        failsWith(
          yield* callModern("pay_and_ask", {}, { requestState: "asked", inputResponses: { answer } }),
          "pay_and_ask was not run: the reply belongs to another call; call the tool again without it.",
        )
      }),
    )

    it.effect("choices with titles are shown as MCP 2025-11-25 has them", () =>
      Effect.gen(function* () {
        const { inputRequests } = yield* callModern("choose", {})
        assert(Predicate.hasProperty(inputRequests, "answer"))
        assert.deepNestedInclude(inputRequests.answer, {
          "params.requestedSchema.properties": {
            size: {
              type: "string",
              title: "Size",
              oneOf: [
                { const: "s", title: "Small" },
                { const: "l", title: "Large" },
              ],
            },
            extras: {
              type: "array",
              items: {
                anyOf: [
                  { const: "m", title: "Milk" },
                  { const: "s", title: "Sugar" },
                ],
              },
            },
          },
        })
      }),
    )
  })
})
