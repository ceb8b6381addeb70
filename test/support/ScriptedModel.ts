/**
 * A scripted language model: an OpenAI-compatible provider on 127.0.0.1 for a real opencode.
 *
 * Its answer depends only on the text of the newest user message, so tests share no state with it and can run
 * concurrently:
 *
 * | message                    | answer                                                                              |
 * | -------------------------- | ----------------------------------------------------------------------------------- |
 * | any other text             | `Echo: <text>`, streamed word by word                                               |
 * | `say:<text>`               | exactly `<text>`                                                                    |
 * | `run: <shell command>`     | a call of the `bash` tool; after its result `Done: <its output, clipped>`           |
 * | `in: <directory> \| <shell command>` | the same with the argument `workdir`                                       |
 * | `write: <path>`            | a call of the `write` tool; after its result `Done: <what the tool gives back>`       |
 * | `edit: <path> \| <old> \| <new>` | a call of the `edit` tool; after its result `Done: <what the tool gives back>` |
 * | `later: <shell command>`   | the same in the background (opencode 2)                                             |
 * | `tell: <text> \| <command>` | the text, word by word 100 ms apart, and then as `run:`                               |
 * | `ask: <question> \| A \| B`  | a call of the `question` tool with these options (Yes and No if there are none);    |
 * | `choose: <question> \| A \| B` | the same, and the question takes several of them;                             |
 * |                            | after its result `Done: <the answer as opencode words it>`                          |
 * | `slow: <N>`                | `tick 1 tick 2 …`, N chunks 100 ms apart (at most 600: a forgotten turn ends by itself). Above 200,   |
 * |                            | which is meant to be stopped, they are a second apart after the first 20: opencode    |
 * |                            | uses much CPU time for each                                                           |
 * | `slow: <N> <ms>`           | the same, so many milliseconds apart                                                  |
 * | `hang:`                    | the chunk `Waiting`, and then nothing until the client disconnects                  |
 * | `fail:<status>`            | that HTTP status (400 to 599) with an OpenAI error body; opencode retries from 500 on |
 * | `fail:<status> <ms>`       | the same, with `retry-after` headers, which rule  how long opencode waits         |
 * | `both: <cmd> ; <cmd> …`    | a call of the `bash` tool for each, all in one model step; then `Done: <the last output>` |
 * | `steps: <cmd> ; <cmd> …`   | a call of the `bash` tool for each, one model step each; after the last `Done: …`     |
 * | `task: <prompt>`           | a call of the `task` tool: a subagent gets `<prompt>` in a session of its own;        |
 * |                            | after its result `Done: <what the tool gives back>`                                   |
 * | `big:<N> <message>`        | the answer to `<message>`, said to have cost N tokens to read: above 192,000          |
 * |                            | opencode compacts the session after this step and has the model go on (opencode 2:    |
 * |                            | before the next step, whose answer is then `Continued`)                               |
 * | `overflow:`                | refused as too long for the model, until the session is compacted: then `Fits now`    |
 *
 * opencode's extra call for the title of a new session is answered with `Scripted session`, and its call for the summary of
 * a compacted session with `Scripted summary`. For opencode 2 the tools are called `shell` and `subagent`.
 */
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer, Stream } from "effect"
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { HttpServerError } from "effect/http"
import { createServer } from "node:http"
import { ChatRequest, decide, type Reply, tokensRead } from "./scriptedReply.ts"

export { scriptedTitle } from "./scriptedReply.ts"

/** Both the provider id and the model id, so the model is called `scripted/scripted`. */
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
      // Released before the server, which would otherwise wait for opencode's idle connections and for a `hang:`.
      yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
      return ScriptedModel.of({ url: `${HttpServer.formatAddress(server.address)}/v1` })
    }),
  )
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
const closing = (reason: "stop" | "tool_calls", read: number) => [
  frame([{ index: 0, delta: {}, finish_reason: reason }]),
  frame([], { usage: { prompt_tokens: read, completion_tokens: 5, total_tokens: read + 5 } }),
  "data: [DONE]\n\n",
]

const toolCall = (name: string, input: unknown, index = 0) =>
  delta({
    tool_calls: [
      {
        index,
        id: `call_${crypto.randomUUID()}`,
        type: "function",
        function: { name, arguments: JSON.stringify(input) },
      },
    ],
  })

const slowly = (chunks: ReadonlyArray<string>, pause = 100) => {
  const before = (index: number) => (chunks.length > 200 && index >= 20 ? 1000 : pause)
  return Stream.fromIterable(chunks.map(content)).pipe(
    Stream.mapEffect((chunk, index) => Effect.delay(Effect.succeed(chunk), before(index))),
  )
}

const closed = (reason: "stop" | "tool_calls", read: number) => Stream.fromIterable(closing(reason, read))

const frames = (reply: Exclude<Reply, { _tag: "Failure" | "TooLong" }>, read: number): Stream.Stream<string> => {
  switch (reply._tag) {
    case "Text":
      return Stream.make(opening, ...reply.chunks.map(content), ...closing("stop", read))
    case "Slow":
      return Stream.make(opening).pipe(
        Stream.concat(slowly(reply.chunks, reply.pause)),
        Stream.concat(closed("stop", read)),
      )
    case "Hang":
      return Stream.make(opening, content("Waiting")).pipe(Stream.concat(Stream.never))
    case "ToolCalls":
      return Stream.make(
        opening,
        ...reply.calls.map(({ input, name }, index) => toolCall(name, input, index)),
        ...closing("tool_calls", read),
      )
    case "ToolCall":
      return Stream.make(opening).pipe(
        Stream.concat(slowly(reply.chunks ?? [])),
        Stream.concat(Stream.make(toolCall(reply.name, reply.input))),
        Stream.concat(closed("tool_calls", read)),
      )
  }
}

/** opencode 1 reads the milliseconds, opencode 2 only whole seconds. */
const waiting = (ms: number) => ({ "retry-after-ms": String(ms), "retry-after": String(Math.ceil(ms / 1000)) })

const failure = (status: number, message: string, options?: { code?: string; retryAfter?: number | undefined }) =>
  HttpServerResponse.jsonUnsafe(
    { error: { message, type: "scripted_error", param: null, code: options?.code ?? null } },
    {
      status,
      ...(options?.retryAfter === undefined ? {} : { headers: waiting(options.retryAfter) }),
    },
  )

const respond = (reply: Reply, read: number) => {
  switch (reply._tag) {
    case "Failure":
      return failure(reply.status, `scripted failure ${reply.status}`, { retryAfter: reply.retryAfter })
    case "TooLong":
      return failure(400, "This model's maximum context length is exceeded", { code: "context_length_exceeded" })
    default:
      return HttpServerResponse.stream(Stream.encodeText(frames(reply, read)), { contentType: "text/event-stream" })
  }
}

const routes = Layer.mergeAll(
  HttpRouter.add(
    "POST",
    "/v1/chat/completions",
    HttpServerRequest.schemaBodyJson(ChatRequest).pipe(
      Effect.map((request) => respond(decide(request), tokensRead(request.messages))),
      Effect.catch((error) => Effect.succeed(failure(400, error.message))),
    ),
  ),
  HttpRouter.add(
    "GET",
    "/v1/models",
    HttpServerResponse.jsonUnsafe({ object: "list", data: [{ id: scriptedModelId, object: "model" }] }),
  ),
)
