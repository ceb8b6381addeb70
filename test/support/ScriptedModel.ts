/**
 * A language model that does as it is told: an OpenAI-compatible provider on 127.0.0.1 for a real opencode.
 *
 * What it answers follows from the text of the newest user message alone, so that tests share no state with it, may
 * run side by side, and read as what they do:
 *
 * | message                    | answer                                                                              |
 * | -------------------------- | ----------------------------------------------------------------------------------- |
 * | any other text             | `Echo: <text>`, streamed word by word                                               |
 * | `say:<text>`               | exactly `<text>`                                                                    |
 * | `run: <shell command>`     | a call of the `bash` tool; after its result `Done: <its output, clipped>`           |
 * | `ask: <question> \| A \| B`  | a call of the `question` tool with these options (Yes and No if there are none);    |
 * |                            | after its result `Done: <the answer as opencode words it>`                          |
 * | `slow: <N>`                | `tick 1 tick 2 …`, N chunks 100 ms apart (at most 600: a forgotten test ends by itself) |
 * | `hang:`                    | the chunk `Waiting`, and then nothing until the client disconnects                  |
 * | `fail:<status>`            | that HTTP status (400 to 599) with an OpenAI error body; opencode retries from 500 on |
 *
 * The extra call by which opencode names a new session gets the title `Scripted session`.
 */
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer, Schema, Stream } from "effect"
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { HttpServerError } from "effect/http"
import { createServer } from "node:http"

/** The title that a session without one gets after its first turn. */
export const scriptedTitle = "Scripted session"

/** Provider id and model id in one: opencode calls the model `scripted/scripted`. */
export const scriptedModelId = "scripted"

export class ScriptedModel extends Context.Service<
  ScriptedModel,
  {
    /** The provider's base URL, with the `/v1` that `@ai-sdk/openai-compatible` expects. */
    readonly url: string
  }
>()("opencode-fleet/test/ScriptedModel") {
  static readonly layer: Layer.Layer<ScriptedModel, HttpServerError.ServeError> = Layer.effect(
    ScriptedModel,
    Effect.gen(function* () {
      const node = createServer()
      const server = yield* NodeHttpServer.make(() => node, {
        host: "127.0.0.1",
        port: 0,
        gracefulShutdownTimeout: "20 millis",
      })
      yield* server.serve(yield* HttpRouter.toHttpEffect(routes))
      // Released before the server: it would otherwise wait for opencode's idle connections and for a `hang:`.
      yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
      return ScriptedModel.of({ url: `${HttpServer.formatAddress(server.address)}/v1` })
    }),
  )
}

/** The part of a chat completion request that decides the answer. */
const ChatRequest = Schema.Struct({
  messages: Schema.Array(
    Schema.Struct({
      role: Schema.String,
      content: Schema.optional(
        Schema.NullOr(
          Schema.Union([
            Schema.String,
            Schema.Array(Schema.Struct({ type: Schema.String, text: Schema.optional(Schema.String) })),
          ]),
        ),
      ),
    }),
  ),
})
type Message = (typeof ChatRequest.Type)["messages"][number]

type Reply =
  | { readonly _tag: "Text"; readonly chunks: ReadonlyArray<string> }
  | { readonly _tag: "Slow"; readonly chunks: ReadonlyArray<string> }
  | { readonly _tag: "Hang" }
  | { readonly _tag: "ToolCall"; readonly name: string; readonly input: unknown }
  | { readonly _tag: "Failure"; readonly status: number }

const textOf = ({ content }: Message) =>
  typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join("\n")

const words = (text: string) => text.match(/\s*\S+\s*?/g) ?? [text]

const commands: ReadonlyArray<readonly [RegExp, (argument: string) => Reply]> = [
  [/^say:([\s\S]*)$/, (text) => ({ _tag: "Text", chunks: [text] })],
  [/^run:\s*([\s\S]+)$/, (command) => ({ _tag: "ToolCall", name: "bash", input: { command, description: "Runs it" } })],
  [/^ask:\s*([\s\S]+)$/, (argument) => ({ _tag: "ToolCall", name: "question", input: question(argument) })],
  [/^slow:\s*(\d+)/, (count) => ({ _tag: "Slow", chunks: ticks(Math.min(Number(count), 600)) })],
  [/^hang:/, () => ({ _tag: "Hang" })],
  [/^fail:\s*([45]\d\d)/, (status) => ({ _tag: "Failure", status: Number(status) })],
]

const ticks = (count: number) => Array.from({ length: count }, (_, index) => `tick ${index + 1} `)

const question = (argument: string) => {
  const [text = "", ...labels] = argument.split("|").map((part) => part.trim())
  const options = (labels.length === 0 ? ["Yes", "No"] : labels).map((label) => ({ label, description: label }))
  return { questions: [{ question: text, header: "Scripted", options }] }
}

const maxToolOutput = 2000

const isTitleRequest = (messages: ReadonlyArray<Message>) =>
  messages.some((message) => message.role === "system" && textOf(message).includes("You are a title generator"))

const decide = (messages: ReadonlyArray<Message>): Reply => {
  const last = messages.at(-1)
  if (last === undefined) return { _tag: "Failure", status: 400 }
  if (isTitleRequest(messages)) return { _tag: "Text", chunks: [scriptedTitle] }
  if (last.role === "tool") return { _tag: "Text", chunks: words(`Done: ${textOf(last).slice(0, maxToolOutput)}`) }
  const text = textOf(last).trim()
  for (const [pattern, reply] of commands) {
    const match = pattern.exec(text)
    if (match !== null) return reply(match[1] ?? "")
  }
  return { _tag: "Text", chunks: words(`Echo: ${text}`) }
}

const frame = (choices: ReadonlyArray<unknown>, rest?: object) =>
  `data: ${JSON.stringify({
    id: "chatcmpl-scripted",
    object: "chat.completion.chunk",
    created: 0,
    model: scriptedModelId,
    choices,
    ...rest,
  })}\n\n`
const delta = (value: object) => frame([{ index: 0, delta: value, finish_reason: null }])
const content = (text: string) => delta({ content: text })

const opening = delta({ role: "assistant", content: "" })
const closing = (reason: "stop" | "tool_calls") => [
  frame([{ index: 0, delta: {}, finish_reason: reason }]),
  frame([], { usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } }),
  "data: [DONE]\n\n",
]

const toolCall = (name: string, input: unknown) =>
  delta({
    tool_calls: [
      {
        index: 0,
        id: `call_${crypto.randomUUID()}`,
        type: "function",
        function: { name, arguments: JSON.stringify(input) },
      },
    ],
  })

const frames = (reply: Exclude<Reply, { _tag: "Failure" }>): Stream.Stream<string> => {
  switch (reply._tag) {
    case "Text":
      return Stream.make(opening, ...reply.chunks.map(content), ...closing("stop"))
    case "Slow":
      return Stream.make(opening).pipe(
        Stream.concat(
          Stream.fromIterable(reply.chunks.map(content)).pipe(
            Stream.mapEffect((chunk) => Effect.delay(Effect.succeed(chunk), "100 millis")),
          ),
        ),
        Stream.concat(Stream.fromIterable(closing("stop"))),
      )
    case "Hang":
      return Stream.make(opening, content("Waiting")).pipe(Stream.concat(Stream.never))
    case "ToolCall":
      return Stream.make(opening, toolCall(reply.name, reply.input), ...closing("tool_calls"))
  }
}

const failure = (status: number, message: string) =>
  HttpServerResponse.jsonUnsafe({ error: { message, type: "scripted_error", param: null, code: null } }, { status })

const respond = (reply: Reply) =>
  reply._tag === "Failure"
    ? failure(reply.status, `scripted failure ${reply.status}`)
    : HttpServerResponse.stream(Stream.encodeText(frames(reply)), { contentType: "text/event-stream" })

const routes = Layer.mergeAll(
  HttpRouter.add(
    "POST",
    "/v1/chat/completions",
    HttpServerRequest.schemaBodyJson(ChatRequest).pipe(
      Effect.map(({ messages }) => respond(decide(messages))),
      Effect.catch((error) => Effect.succeed(failure(400, error.message))),
    ),
  ),
  HttpRouter.add(
    "GET",
    "/v1/models",
    HttpServerResponse.jsonUnsafe({ object: "list", data: [{ id: scriptedModelId, object: "model" }] }),
  ),
)
