/** Several fakes behind one transport, each at a URL of its own, and the services over them all. */
import { Context, Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import { InstanceEvents } from "../../src/opencode/events/InstanceEvents.ts"
import * as OpencodeV1 from "../../src/opencode/v1/OpencodeV1.ts"
import type { Target } from "../../src/opencode/Target.ts"
import { Turns } from "../../src/opencode/turns/Turns.ts"
import { FakeOpencode } from "./FakeOpencode.ts"
import { FakeState } from "./FakeState.ts"

export interface Member {
  readonly target: Target
  readonly fake: FakeState
}

export class FakeFleet extends Context.Service<FakeFleet, ReadonlyArray<Member>>()("opencode-fleet/test/FakeFleet") {
  static readonly layer = (size: number) =>
    Layer.sync(FakeFleet, () =>
      Array.from({ length: size }, (_, index) => ({
        target: { instance: `fake-${index}`, url: `http://fake-${index}.test:4096`, credentials: undefined },
        fake: new FakeState(),
      })),
    )
}

const layerHttpClient = Layer.effect(
  HttpClient.HttpClient,
  Effect.gen(function* () {
    const clients = new Map<string, HttpClient.HttpClient>()
    for (const { fake, target } of yield* FakeFleet) {
      const layer = FakeOpencode.layerHttpClient.pipe(Layer.provide(Layer.succeed(FakeOpencode, fake)), Layer.fresh)
      clients.set(target.url, Context.get(yield* Layer.build(layer), HttpClient.HttpClient))
    }
    return HttpClient.make((request, url) => {
      const client = clients.get(url.origin)
      return client === undefined ? Effect.die(new Error(`no fake at ${url.origin}`)) : client.execute(request)
    })
  }),
)

export const overFleet = (size: number) =>
  Turns.layer.pipe(
    Layer.provide(InstanceEvents.layer),
    Layer.provide(OpencodeV1.layer),
    Layer.provide(layerHttpClient),
    Layer.provideMerge(FakeFleet.layer(size)),
  )
