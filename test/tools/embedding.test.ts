/** FleetToolkit in embedding programs: with Effect's LanguageModel and with Effect's McpServer. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Ref, Stream } from "effect"
import { Chat, LanguageModel, McpProtocol, McpServer, McpTest, type Prompt, type Response } from "effect/ai"
import { FleetToolkit } from "../../src/tools/FleetToolkit.ts"
import { FakeOpencode } from "../../src/testing/FakeOpencode.ts"
import { toolsOverFake } from "../support/fleetOver.ts"
import { pass } from "../support/overFake.ts"
import { finishAnswer } from "../support/play.ts"
import { here, session } from "../../src/testing/samples.ts"

/** A provider that answers each request with the next reply. `prompts` are the requests it received. */
const scripted = Effect.fnUntraced(function* (...replies: ReadonlyArray<Array<Response.PartEncoded>>) {
  const prompts = yield* Ref.make<ReadonlyArray<Prompt.Prompt>>([])
  const model = yield* LanguageModel.make({
    generateText: ({ prompt }) => Ref.modify(prompts, (before) => [replies[before.length] ?? [], [...before, prompt]]),
    streamText: () => Stream.empty,
  })
  return { model, prompts: Ref.get(prompts) }
})

const toolCall = (name: string, params: unknown): Array<Response.PartEncoded> => [
  { type: "tool-call", id: "call_1", name, params },
]

const withMain = Effect.tap(FakeOpencode, (fake) => Effect.sync(() => void (fake.sessions = [session("main")])))

/** The tool results in a prompt. */
const resultsIn = (prompt: Prompt.Prompt | undefined) =>
  (prompt?.content ?? []).flatMap((message) =>
    message.role === "tool" ? message.content.filter(({ type }) => type === "tool-result") : [],
  )

describe("FleetToolkit with Effect's LanguageModel", () => {
  it.effect("sends the model a wrong session id as text, and the conversation continues", () =>
    Effect.gen(function* () {
      yield* withMain
      const { model, prompts } = yield* scripted(toolCall("get_session", { session_id: "nope" }), [
        { type: "text", text: "There is no such session." },
      ])
      const chat = yield* Chat.empty
      const text = yield* Effect.gen(function* () {
        const first = yield* chat.generateText({ prompt: "Read the session nope", toolkit: FleetToolkit })
        const [result] = first.toolResults
        assert.isTrue(result?.isFailure)
        // The program gets the typed error, the model gets the text.
        assert.deepInclude(result?.result, { _tag: "SessionNotFound", session: "nope" })
        assert.strictEqual(result?.encodedResult, 'fake has no session "nope". list_sessions shows its sessions.')
        return (yield* chat.generateText({ prompt: [], toolkit: FleetToolkit })).text
      }).pipe(Effect.provideService(LanguageModel.LanguageModel, model))
      assert.strictEqual(text, "There is no such session.")
      const [, second] = yield* prompts
      assert.deepInclude(resultsIn(second)[0], {
        isFailure: true,
        result: 'fake has no session "nope". list_sessions shows its sessions.',
      })
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("sends the model the reason for invalid parameters", () =>
    Effect.gen(function* () {
      const { model } = yield* scripted(toolCall("get_session", { id: 1 }))
      const { toolResults } = yield* LanguageModel.generateText({ prompt: "Go", toolkit: FleetToolkit }).pipe(
        Effect.provideService(LanguageModel.LanguageModel, model),
      )
      assert.isTrue(toolResults[0]?.isFailure)
      assert.include(JSON.stringify(toolResults[0]?.encodedResult), "session_id")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("waits minutes for a turn, because no MCP client can time out", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { model } = yield* scripted(toolCall("send_message", { session_id: here, message: "Do it" }))
      const fiber = yield* LanguageModel.generateText({ prompt: "Go", toolkit: FleetToolkit }).pipe(
        Effect.provideService(LanguageModel.LanguageModel, model),
        Effect.forkChild,
      )
      yield* pass(180_000, 200)
      assert.isUndefined(fiber.pollUnsafe())
      finishAnswer(fake, "Done after minutes.")
      yield* pass(500)
      const [result] = (yield* Fiber.join(fiber)).toolResults
      assert.deepInclude(result?.result, { outcome: "completed", text: "Done after minutes." })
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("FleetToolkit with Effect's McpServer", () => {
  const client = McpTest.makeClient(McpServer.toolkit(FleetToolkit).pipe(Layer.provideMerge(toolsOverFake)), {
    protocols: [McpProtocol.v2025_11_25],
  })

  it.effect("is listed and called", () =>
    Effect.gen(function* () {
      const { callTool, listTools } = yield* client
      assert.sameMembers(
        (yield* listTools()).tools.map(({ name }) => name),
        Object.keys(FleetToolkit.tools),
      )
      const fleet = yield* callTool({ name: "list_instances", arguments: {} })
      assert.notStrictEqual(fleet.isError, true)
      assert.include(JSON.stringify(fleet.structuredContent), '"name":"fake"')
    }),
  )

  it.effect("reports a failure as an error with its text", () =>
    Effect.gen(function* () {
      const { callTool } = yield* client
      const result = yield* callTool({ name: "get_session", arguments: { session_id: "nope" } })
      assert.isTrue(result.isError)
      assert.include(JSON.stringify(result.content), "list_sessions shows its sessions.")
    }),
  )
})
