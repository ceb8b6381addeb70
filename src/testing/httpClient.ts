/** The fake opencode as an HTTP client in memory, which runs under `TestClock`. */
import { Effect, Layer, Scope } from "effect"
import {
  HttpClient,
  HttpClientError,
  HttpEffect,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse,
} from "effect/http"
import type { FakeState } from "./FakeState.ts"
import { brokenBy } from "./Fault.ts"
import { routes } from "./routes.ts"

/** Replaces the network: the fake answers every request of this client, whatever its URL. */
export const httpClientOf = (fake: FakeState): Layer.Layer<HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const handler = yield* HttpRouter.toHttpEffect(routes(fake))
      return HttpClient.make((request) =>
        Effect.suspend(() => {
          const requestScope = Scope.forkUnsafe(scope)
          let streaming = false
          return handler.pipe(
            Effect.orDie,
            Effect.flatMap((response) => {
              const code = response.headers[brokenBy]
              if (code !== undefined) {
                const cause = new TypeError("fetch failed", { cause: { code } })
                return new HttpClientError.HttpClientError({
                  reason: new HttpClientError.TransportError({ request, cause }),
                })
              }
              const body = HttpEffect.scopeTransferToStream(response)
              streaming = body !== response
              return Effect.succeed(HttpServerResponse.toClientResponse(body, { request }))
            }),
            Effect.provideService(HttpServerRequest.HttpServerRequest, HttpServerRequest.fromClientRequest(request)),
            Effect.provideService(Scope.Scope, requestScope),
            Effect.onExit((exit) =>
              streaming && exit._tag === "Success" ? Effect.void : Scope.close(requestScope, exit),
            ),
          )
        }),
      )
    }),
  ).pipe(Layer.provide(HttpServer.layerServices))
