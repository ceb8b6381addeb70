/**
 * An opencode without a model, built from the `HttpApi` declaration that the client is derived from. It stores what it
 * receives and sends the events that a test emits; nothing happens in it by itself.
 *
 * In memory ({@link FakeOpencode.layerHttpClient}) it runs under `TestClock`; on a port ({@link FakeOpencode.layerServer})
 * it uses real sockets.
 */
import { Context, Effect, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { type FakeOptions, FakeState } from "./FakeState.ts"
import { httpClientOf } from "./httpClient.ts"
import { routes } from "./routes.ts"

export class FakeOpencode extends Context.Service<FakeOpencode, FakeState>()("opencode-fleet/testing/FakeOpencode") {
  /** A new fake of opencode 1. */
  static readonly layer = Layer.sync(FakeOpencode, () => new FakeState())

  /** A new fake of the given version. */
  static readonly layerOf = (options: FakeOptions) => Layer.sync(FakeOpencode, () => new FakeState(options))

  /** Replaces the network: every URL leads to the fake. */
  static readonly layerHttpClient = Layer.unwrap(Effect.map(FakeOpencode, httpClientOf))

  /** Its routes on the `HttpServer` in the context. */
  static readonly layerServer = Layer.unwrap(
    Effect.map(FakeOpencode, (fake) => HttpRouter.serve(routes(fake), { disableLogger: true, disableListenLog: true })),
  )
}
