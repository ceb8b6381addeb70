/** A server on 127.0.0.1 that speaks the APIs of the big model providers with the script's answers. */
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer, Ref } from "effect"
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import { readChat, writeChat } from "./chat.ts"
import { readGemini, writeGemini } from "./gemini.ts"
import { readMessages, writeMessages } from "./messages.ts"
import { readResponses, writeResponses } from "./responses.ts"
import { type Conversation, nextStep } from "./script.ts"
import { isObject, type Json } from "./wire.ts"

export interface StandIn {
  /** Without `/v1`. */
  readonly url: string
  /** The results of the tools that the client passed on to its model, by the id of the call, and its notifications. */
  readonly results: Effect.Effect<ReadonlyMap<string, string>>
  /** The bodies of the requests, for a look at a client that does something new. */
  readonly requests: Effect.Effect<ReadonlyArray<Json>>
}

const answered = (answer: string | object) =>
  typeof answer === "string"
    ? HttpServerResponse.text(answer, { contentType: "text/event-stream" })
    : HttpServerResponse.jsonUnsafe(answer)

const isStreamed = (body: Json) => body["stream"] === true

export const makeStandIn = Effect.gen(function* () {
  const results = yield* Ref.make<ReadonlyMap<string, string>>(new Map())
  const requests = yield* Ref.make<ReadonlyArray<Json>>([])

  const route = (
    path: `/${string}`,
    read: (body: Json) => Conversation,
    write: (step: ReturnType<typeof nextStep>, body: Json) => string | object,
  ) =>
    HttpRouter.add(
      "POST",
      path,
      Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        const body = yield* Effect.orDie(request.json)
        if (!isObject(body)) return HttpServerResponse.empty({ status: 400 })
        const conversation = read(body)
        yield* Ref.update(requests, (all) => [...all, body])
        yield* Ref.update(
          results,
          (all) =>
            new Map([
              ...all,
              ...conversation.results.map(({ id, text }) => [id, text] as const),
              ...(conversation.notifications ?? []).map((text, index) => [`notification ${index}`, text] as const),
            ]),
        )
        return answered(write(nextStep(conversation), { ...body, url: request.url }))
      }),
    )

  const models = { object: "list", data: [{ id: "scripted", object: "model" }] }
  const node = createServer()
  const server = yield* NodeHttpServer.make(() => node, {
    host: "127.0.0.1",
    port: 0,
    gracefulShutdownTimeout: "20 millis",
  })
  const routes = Layer.mergeAll(
    route("/v1/chat/completions", readChat, (step, body) => writeChat(step, isStreamed(body))),
    route("/v1/responses", readResponses, writeResponses),
    route("/v1/messages", readMessages, (step, body) => writeMessages(step, isStreamed(body))),
    route("/v1beta/models/*", readGemini, (step, body) => writeGemini(step, String(body["url"]).includes("stream"))),
    HttpRouter.add("POST", "/v1/messages/count_tokens", HttpServerResponse.jsonUnsafe({ input_tokens: 10 })),
    HttpRouter.add("GET", "/v1/models", HttpServerResponse.jsonUnsafe(models)),
  )
  yield* server.serve(yield* HttpRouter.toHttpEffect(routes))
  yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
  return {
    url: HttpServer.formatAddress(server.address),
    results: Ref.get(results),
    requests: Ref.get(requests),
  } satisfies StandIn as StandIn
})
